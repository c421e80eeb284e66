"""Names in routes and in fallback_receiver: receivers and time intervals that are used must be defined, and defined once.

Checked on the file's values, so that a file with other faults is checked as well. The words are Alertmanager's, because
people search for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from alertd.yamlio import Items, Node, Problem, Scalar, Table, suggestion

INTERVAL_LISTS = ("time_intervals", "mute_time_intervals")
"""Where time intervals are defined; the second is the older spelling."""

INTERVAL_USES = ("mute_time_intervals", "active_time_intervals")
"""Where a route names them."""


@dataclass(frozen=True, slots=True)
class RoutingNames:
    """The names that are defined in a configuration, and those that its routes and fallback_receiver use."""

    root: Table

    def problems(self) -> Iterator[Problem]:
        """Everything that is wrong with names."""
        yield from self._no_route()
        yield from not_unique(self.receivers(), "notification config name")
        yield from not_unique(self.intervals(), "time interval")
        yield from _undefined(self.routed_receivers(), self.receivers(), "receiver", "receivers")
        yield from _undefined(
            self.fallback_receiver(), self.receivers(), "receiver", "receivers", by="fallback_receiver"
        )
        yield from _undefined(self.used_intervals(), self.intervals(), "time interval", "time_intervals")

    def receivers(self) -> list[Scalar]:
        return names(self.root.get("receivers"))

    def intervals(self) -> list[Scalar]:
        return [name for key in INTERVAL_LISTS for name in names(self.root.get(key))]

    def used_receivers(self) -> list[Scalar]:
        return [*self.routed_receivers(), *self.fallback_receiver()]

    def fallback_receiver(self) -> list[Scalar]:
        """Its name, or nothing."""
        name = self.root.get("fallback_receiver")
        return [name] if isinstance(name, Scalar) and name.text else []

    def routed_receivers(self) -> list[Scalar]:
        used = (route.get("receiver") for route in routes_in(self.root.get("route")))
        return [name for name in used if isinstance(name, Scalar) and name.text]

    def used_intervals(self) -> list[Scalar]:
        lists = (route.get(key) for route in routes_in(self.root.get("route")) for key in INTERVAL_USES)
        return [name for found in lists for name in _items(found) if isinstance(name, Scalar)]

    def _no_route(self) -> Iterator[Problem]:
        """Alerts must have somewhere to go."""
        if self.root.get("route") is None and self.root.get("alertmanagers") is None:
            yield self.root.problem(
                "no routes provided" if self.root.entries else "no route provided in config",
                path="route",
                fix="say who is told, such as route: {receiver: ops}, or list alertmanagers that are sent the alerts",
            )


def routes_in(route: Node | None) -> Iterator[Table]:
    """A route and every route in it, outermost first."""
    if isinstance(route, Table):
        yield route
        for child in _items(route.get("routes")):
            yield from routes_in(child)


def names(node: Node | None) -> list[Scalar]:
    """The names of a list of named things, or of one that stands alone."""
    items = node.items if isinstance(node, Items) else (node,)
    found = (item.get("name") for item in items if isinstance(item, Table))
    return [name for name in found if isinstance(name, Scalar)]


def not_unique(found: Iterable[Scalar], what: str) -> Iterator[Problem]:
    """A problem at each name that was given before."""
    first: dict[str, int] = {}
    for name in found:
        if name.text in first:
            yield name.problem(
                f'{what} "{name.text}" is not unique: it is given at line {first[name.text]}', fix="rename one of them"
            )
        first.setdefault(name.text, name.line)


def _undefined(
    used: Iterable[Scalar], defined: Iterable[Scalar], what: str, key: str, *, by: str = "route"
) -> Iterator[Problem]:
    known = {name.text for name in defined}
    for name in used:
        if name.text not in known:
            fix = suggestion(name.text, known, label="defined") or f"define it under {key}"
            yield name.problem(f'undefined {what} "{name.text}" used in {by}', fix=fix)


def _items(node: Node | None) -> tuple[Node, ...]:
    return node.items if isinstance(node, Items) else ()
