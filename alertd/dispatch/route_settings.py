"""`route:` of the configuration: a tree; the words, defaults and errors are Alertmanager's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pydantic import Field, ValidationInfo, field_validator

from alertd.dispatch.matcher_settings import EqualitySettings, LabelName, MatcherSettings, PatternSettings
from alertd.settings import Duration, Settings

EVERY_LABEL = "..."


class SubrouteSettings(Settings):
    """A node of the routing tree. What it does not say about receiver, grouping and timers, it takes from its parent."""

    receiver: str = Field(default="", description="Name of the receiver that is told; by default the parent's.")
    group_by: tuple[str, ...] | None = Field(
        default=None,
        description="Labels whose values make up a group; `...` for every label (one group per alert); an empty list: one group for everything.",
    )
    match: EqualitySettings = Field(default={}, description="Values of labels an alert must have (older form).")
    match_re: PatternSettings = Field(default={}, description="Patterns for labels an alert must have (older form).")
    matchers: tuple[MatcherSettings, ...] = Field(default=(), description="What an alert must match to come here.")
    continue_: bool = Field(
        default=False,
        alias="continue",
        description="Whether an alert that came here is offered to the next routes too.",
    )
    group_wait: Duration | None = Field(
        default=None, description="How long a new group waits for company before it is told first."
    )
    group_interval: Duration | None = Field(
        default=None, description="How often a group looks for changes once it has been told."
    )
    repeat_interval: Duration | None = Field(
        default=None, description="After what time a notification is repeated though nothing changed."
    )
    mute_time_intervals: tuple[str, ...] = Field(
        default=(), description="Time intervals in which nobody is told; child routes do not inherit them."
    )
    active_time_intervals: tuple[str, ...] = Field(
        default=(), description="Time intervals outside of which nobody is told; child routes do not inherit them."
    )
    labels: Mapping[LabelName, str] = Field(
        default={}, description="Templates of labels that notifications of this route carry as `routeLabels`."
    )
    routes: tuple[SubrouteSettings, ...] = Field(
        default=(), description="Child routes, tried in order; an alert none of them takes stays here."
    )

    @field_validator("group_by")
    @classmethod
    def _group_by(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for name, count in Counter(names or ()).items():
            if not name:
                raise ValueError('invalid label name "" in group_by list')
            if count > 1:
                raise ValueError(f'duplicated label "{name}" in group_by')
        if names and EVERY_LABEL in names and len(names) > 1:
            raise ValueError("cannot have wildcard group_by (`...`) and other other labels at the same time")
        return names

    @field_validator("group_interval", "repeat_interval")
    @classmethod
    def _not_zero(cls, value: Any, info: ValidationInfo) -> Any:
        if value is not None and not value:
            raise ValueError(f"{info.field_name} cannot be zero")
        return value


class RouteSettings(SubrouteSettings):
    """The root of the routing tree: every alert comes here, so there is nothing it could be choosy about."""

    receiver: str = Field(
        default="", validate_default=True, description="Name of the receiver that is told by default."
    )
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

    @field_validator("receiver")
    @classmethod
    def _somebody(cls, receiver: str) -> str:
        if not receiver:
            raise ValueError("root route must specify a default receiver")
        return receiver

    @field_validator("match", "match_re", "matchers", "mute_time_intervals", "active_time_intervals", "continue_")
    @classmethod
    def _not_at_the_root(cls, value: Any, info: ValidationInfo) -> Any:
        if value:
            raise ValueError(_NOT_AT_THE_ROOT[str(info.field_name)])
        return value


_NO_MATCHERS = "root route must not have any matchers"
_NOT_AT_THE_ROOT = {
    "match": _NO_MATCHERS,
    "match_re": _NO_MATCHERS,
    "matchers": _NO_MATCHERS,
    "mute_time_intervals": "root route must not have any mute time intervals",
    "active_time_intervals": "root route must not have any active time intervals",
    "continue_": "cannot have continue in root route",
}
