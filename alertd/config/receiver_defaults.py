"""Receivers with what they inherit from `global`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from alertd.config.global_settings import GlobalSettings
from alertd.config.remedies import DEFAULTS
from alertd.receivers.registry import ReceiverSettings, with_defaults
from alertd.yamlio import Problem, Table, locate

KIND = "_configs"
"""How the keys of a receiver end that list integrations of one kind."""


class FilledReceivers:
    """The receivers in the order of the file; `problems` has integrations that lack something even then."""

    def __init__(self, receivers: tuple[ReceiverSettings, ...], defaults: GlobalSettings, *, root: Table) -> None:
        self.problems: list[Problem] = []
        self._defaults = defaults
        self._root = root
        self.receivers = tuple(
            receiver.model_copy(update=dict(self._kinds(index, receiver))) for index, receiver in enumerate(receivers)
        )

    def _kinds(self, index: int, receiver: ReceiverSettings) -> Iterator[tuple[str, tuple[Any, ...]]]:
        for kind in type(receiver).model_fields:
            if kind.endswith(KIND):
                several = getattr(receiver, kind)
                yield kind, tuple(self._filled(one, (index, kind, number)) for number, one in enumerate(several))

    def _filled(self, settings: Any, place: tuple[int, str, int]) -> Any:
        try:
            return with_defaults(place[1], settings, self._defaults)
        except ValueError as error:
            node, _ = locate(self._root, ("receivers", *place))
            self.problems.append(node.problem(str(error), fix=DEFAULTS.get(str(error), "")))
            return settings
