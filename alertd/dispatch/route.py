"""The route: which receiver is told, how alerts are grouped, and when a group is told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from pydantic import Field, field_validator, model_validator

from alertd.labels import LabelSet
from alertd.settings import Duration, Settings

EVERY_LABEL = "..."
_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


class RouteSettings(Settings):
    """`route:` of the configuration; the words and defaults are Alertmanager's."""

    receiver: str = Field(min_length=1, description="Name of the receiver that is told.")
    group_by: tuple[str, ...] = Field(
        default=(),
        description="Labels whose values make up a group; `...` for every label (one group per alert); empty: one group for everything.",
    )
    group_wait: Duration = Field(
        default=timedelta(seconds=30), description="How long a new group waits for company before it is told first."
    )
    group_interval: Duration = Field(
        default=timedelta(minutes=5), description="How often a group looks for changes once it has been told."
    )
    repeat_interval: Duration = Field(
        default=timedelta(hours=4), description="After what time a notification is repeated though nothing changed."
    )

    @field_validator("group_by")
    @classmethod
    def _group_by(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name != EVERY_LABEL and not _LABEL_NAME.fullmatch(name):
                raise ValueError(f'invalid label name "{name}" in group_by list')
            if names.count(name) > 1:
                raise ValueError(f'duplicated label "{name}" in group_by')
        if EVERY_LABEL in names and len(names) > 1:
            raise ValueError("cannot have wildcard group_by (`...`) and other labels at the same time")
        return names

    @model_validator(mode="after")
    def _intervals(self) -> Self:
        for name in ("group_interval", "repeat_interval"):
            if not getattr(self, name):
                raise ValueError(f"{name} cannot be zero")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One node of the routing tree, with everything it inherited.

    key       Alertmanager's text for the path to it, part of every group key: `{}` for the root
    group_by  None for `...`: every label of an alert
    """

    receiver: str
    key: str = "{}"
    group_by: frozenset[str] | None = frozenset()
    group_wait: timedelta = timedelta(seconds=30)
    group_interval: timedelta = timedelta(minutes=5)
    repeat_interval: timedelta = timedelta(hours=4)

    @classmethod
    def from_settings(cls, settings: RouteSettings) -> Route:
        return cls(
            receiver=settings.receiver,
            group_by=None if EVERY_LABEL in settings.group_by else frozenset(settings.group_by),
            group_wait=settings.group_wait,
            group_interval=settings.group_interval,
            repeat_interval=settings.repeat_interval,
        )

    def match(self, labels: LabelSet) -> Sequence[Route]:
        """The routes an alert with these labels takes: the root has no matchers and takes every alert."""
        return (self,)

    def group_labels(self, labels: LabelSet) -> LabelSet:
        """The labels that tell this alert's group from the route's other groups."""
        return labels if self.group_by is None else labels.only(self.group_by)
