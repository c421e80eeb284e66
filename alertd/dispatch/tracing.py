"""Why an alert goes where it goes: the routing tree, node by node, with what became of the alert there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from alertd.dispatch.route import Route
from alertd.labels import LabelSet
from alertd.labels.matcher import Matcher


class Verdict(StrEnum):
    """What became of an alert at a node."""

    TAKEN = "taken"
    PASSED_ON = "passed on"  # it matches, and a child takes the alert
    NO_MATCH = "no match"
    NOT_OFFERED = "not offered"  # an earlier sibling took the alert and does not continue


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One node as an alert met it.

    depth     0 for the root
    failing   the first matcher that does not match, for NO_MATCH
    """

    route: Route
    depth: int
    verdict: Verdict
    failing: Matcher | None = None


def trace(route: Route, labels: LabelSet, *, depth: int = 0) -> Iterator[Visit]:
    """Every node an alert with these labels comes by, depth first; the TAKEN ones are `route.match(labels)`.

    Nodes below one that does not take part are left out.
    """
    below = list(_below(route, labels, depth + 1))
    passed_on = any(visit.verdict is Verdict.TAKEN for visit in below)
    yield Visit(route=route, depth=depth, verdict=Verdict.PASSED_ON if passed_on else Verdict.TAKEN)
    yield from below


def _below(route: Route, labels: LabelSet, depth: int) -> Iterator[Visit]:
    offered = True
    for child in route.routes:
        failing = next((matcher for matcher in child.matchers if not matcher.matches(labels)), None)
        if not offered:
            yield Visit(route=child, depth=depth, verdict=Verdict.NOT_OFFERED)
        elif failing is not None:
            yield Visit(route=child, depth=depth, verdict=Verdict.NO_MATCH, failing=failing)
        else:
            yield from trace(child, labels, depth=depth)
            offered = child.continues
