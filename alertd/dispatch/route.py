"""The routing tree: which receivers are told of an alert, how alerts are grouped, and when a group is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from alertd.dispatch.matcher_settings import together
from alertd.dispatch.route_settings import EVERY_LABEL, RouteSettings, SubrouteSettings
from alertd.labels import LabelSet
from alertd.labels.matcher import Matchers, matchers_text
from alertd.labels.matcher_index import MatcherIndex

__all__ = ["EVERY_LABEL", "Route", "RouteSettings", "SubrouteSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One node of the routing tree, with everything it inherited.

    key        Alertmanager's text for the path to it, part of every group key: `{}` for the root; siblings may share it
    id         unlike any other node's: the key, and for all but the first that has it a number (`{}/{a="1"}#2`)
    group_by   None for `...`: every label of an alert
    continues  whether an alert that came here is offered to the next siblings too
    labels     templates by name; a child adds to its parent's
    """

    receiver: str
    key: str = "{}"
    id: str = "{}"
    matchers: Matchers = ()
    continues: bool = False
    group_by: frozenset[str] | None = frozenset()
    group_wait: timedelta = timedelta(seconds=30)
    group_interval: timedelta = timedelta(minutes=5)
    repeat_interval: timedelta = timedelta(hours=4)
    mute_time_intervals: tuple[str, ...] = ()
    active_time_intervals: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    routes: tuple[Route, ...] = ()
    _index: MatcherIndex[Route] = field(init=False, repr=False, compare=False, default_factory=MatcherIndex)

    def __post_init__(self) -> None:
        for child in self.routes:
            self._index.add(child.matchers, child)

    @classmethod
    def from_settings(cls, settings: RouteSettings) -> Route:
        """The tree under this root."""
        return _node(settings, Route(receiver=""), key="{}", keys=Counter())

    def match(self, labels: LabelSet) -> Sequence[Route]:
        """The routes an alert that came here takes: of its children as far as it is offered to them, else this one.

        Depth first and in the order of the configuration; never empty. The root takes every alert.
        """
        if not self.routes:
            return (self,)
        taken: list[Route] = []
        for child in self._index.matching(labels):
            taken += child.match(labels)
            if not child.continues:
                break
        return taken or (self,)

    def group_labels(self, labels: LabelSet) -> LabelSet:
        """The labels that tell this alert's group from the route's other groups."""
        return labels if self.group_by is None else labels.only(self.group_by)

    def group_values(self, labels: LabelSet) -> Hashable:
        """What tells its group as `group_labels` do, made in a third of the time."""
        return labels if self.group_by is None else tuple([labels.get(name) for name in self.group_by])

    def walk(self) -> Iterator[Route]:
        """This node and all below it, depth first."""
        yield self
        for child in self.routes:
            yield from child.walk()


def _node(settings: SubrouteSettings, parent: Route, *, key: str, keys: Counter[str]) -> Route:
    """The node these settings make under `parent`; `keys` counts those made before it."""
    keys[key] += 1
    own = Route(
        receiver=settings.receiver or parent.receiver,
        key=key,
        id=key if keys[key] == 1 else f"{key}#{keys[key]}",
        matchers=together(settings.match, settings.match_re, settings.matchers),
        continues=settings.continue_,
        group_by=parent.group_by if settings.group_by is None else _group_by(settings.group_by),
        group_wait=_either(settings.group_wait, parent.group_wait),
        group_interval=_either(settings.group_interval, parent.group_interval),
        repeat_interval=_either(settings.repeat_interval, parent.repeat_interval),
        mute_time_intervals=settings.mute_time_intervals,
        active_time_intervals=settings.active_time_intervals,
        labels={**parent.labels, **settings.labels},
    )
    children = []
    for child in settings.routes:
        matchers = together(child.match, child.match_re, child.matchers)
        children.append(_node(child, own, key=f"{key}/{matchers_text(matchers)}", keys=keys))
    return replace(own, routes=tuple(children)) if children else own


def _group_by(names: Sequence[str]) -> frozenset[str] | None:
    return None if EVERY_LABEL in names else frozenset(names)


def _either(own: timedelta | None, inherited: timedelta) -> timedelta:
    return inherited if own is None else own
