"""What loads in alertd.yml but is probably not meant: one small function per finding, in a table.

A comment `# alertd: ignore AL103` at the finding silences it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache

from alertd.config.alert_labels import AlertLabels
from alertd.config.lint_comments import is_silenced
from alertd.config.matchers import excluded, follows, matchers_of
from alertd.config.routing_names import RoutingNames
from alertd.labels.matcher import Matchers
from alertd.receivers.severity import Severity as PagerDutySeverity
from alertd.receivers.severity import severity_of
from alertd.yamlio import Items, Node, Problem, Scalar, Severity, Table

_ACTION = "{{"


@dataclass(frozen=True, slots=True)
class Subject:
    """alertd.yml, in which nothing is surely wrong, and what is known of the alerts that its rules make."""

    root: Table
    alerts: tuple[AlertLabels, ...] = ()


def unused_receivers(subject: Subject) -> Iterator[Problem]:
    """A receiver that no route names: nobody is ever told through it."""
    found = RoutingNames(subject.root)
    if subject.root.get("route") is None:
        return
    used = {name.text for name in found.used_receivers()}
    for name in found.receivers():
        if name.text not in used:
            yield _warning(name, f'no route uses the receiver "{name.text}"', "name it in a route, or remove it")


def unused_intervals(subject: Subject) -> Iterator[Problem]:
    """A time interval that no route names."""
    found = RoutingNames(subject.root)
    used = {name.text for name in found.used_intervals()}
    for name in found.intervals():
        if name.text not in used:
            yield _warning(
                name,
                f'no route uses the time interval "{name.text}"',
                "name it under mute_time_intervals or active_time_intervals of a route, or remove it",
            )


def unreachable_routes(subject: Subject) -> Iterator[Problem]:
    """A route no alert can come to: one before it takes them all, or it contradicts the routes it is in."""
    route = subject.root.get("route")
    if isinstance(route, Table):
        yield from _unreachable_in(route, ())


def _unreachable_in(route: Table, above: Matchers) -> Iterator[Problem]:
    takers: list[tuple[Table, Matchers]] = []
    children = route.get("routes")
    for child in children.items if isinstance(children, Items) else ():
        if not isinstance(child, Table):
            continue
        own = matchers_of(child)
        given = (*above, *own)
        reason = _why_unreachable(own, given, takers)
        if reason:
            yield _warning(child, *reason)
        else:
            yield from _unreachable_in(child, given)
        if not _continues(child):
            takers.append((child, own))


def _why_unreachable(
    own: Matchers, given: Matchers, takers: Iterable[tuple[Table, Matchers]]
) -> tuple[str, str] | None:
    for matcher in own:
        if excluded(matcher, given):
            return (
                f"no alert comes to this route: {matcher} contradicts another matcher of it or of the routes it is in",
                "mend the matchers, or move the route",
            )
    for taker, matchers in takers:
        if all(follows(matcher, given) for matcher in matchers):
            return (
                f"no alert comes to this route: the route at line {taker.line} takes every alert it matches",
                "move it before that one, or give that one continue: true",
            )
    return None


def _continues(route: Table) -> bool:
    again = route.get("continue")
    return isinstance(again, Scalar) and again.text.lower() == "true"


def inhibition_without_label(subject: Subject) -> Iterator[Problem]:
    """A label in `equal` that no alert of our rules on one side can have: it is empty there.

    Nothing is known of alerts that others post, so nothing is said where no rule matches a side.
    """
    rules = subject.root.get("inhibit_rules")
    for rule in rules.items if isinstance(rules, Items) else ():
        equal = rule.get("equal") if isinstance(rule, Table) else None
        if not isinstance(rule, Table) or not isinstance(equal, Items):
            continue
        for side in ("source", "target"):
            matchers = matchers_of(rule, f"{side}_")
            matching = [alert for alert in subject.alerts if alert.may_match(matchers)]
            for name in equal.items:
                if matching and isinstance(name, Scalar) and not any(alert.may_have(name.text) for alert in matching):
                    yield _warning(
                        name,
                        f'no rule makes alerts that match the {side} matchers and have the label "{name.text}": '
                        "it is always empty there",
                        "keep it in their expressions, or take it out of equal",
                    )


def pagerduty_severities(subject: Subject) -> Iterator[Problem]:
    """Words for a severity that are not PagerDuty's: known ones are translated, others would lose their meaning."""
    of_rules = cache(lambda: _values_of(subject, "severity"))
    for settings in _integrations(subject.root, "pagerduty_configs"):
        node = settings.get("severity")
        if not isinstance(node, Scalar):
            continue
        if _ACTION not in node.text:
            words = {node.text}
        else:
            words = of_rules() if "severity" in node.text else set()
        meant = {word: severity_of(word) for word in sorted(words)}
        unknown = [word for word, severity in meant.items() if severity is None]
        if unknown:
            yield _warning(
                node,
                f"PagerDuty has no severity {', '.join(unknown)}; default_severity is sent instead",
                f"use {', '.join(PagerDutySeverity)}, or set default_severity",
            )
        others = [f"{word} is sent as {severity}" for word, severity in meant.items() if severity not in (None, word)]
        if others:
            yield node.problem(f"of PagerDuty's four severities, {', '.join(others)}", severity=Severity.NOTE)


def _values_of(subject: Subject, name: str) -> set[str]:
    """The values that a label of our alerts can have, as far as they are known."""
    return {value for alert in subject.alerts for value in alert.values(name) or () if value}


def _integrations(root: Table, kind: str) -> Iterator[Table]:
    receivers = root.get("receivers")
    for receiver in receivers.items if isinstance(receivers, Items) else ():
        several = receiver.get(kind) if isinstance(receiver, Table) else None
        for one in several.items if isinstance(several, Items) else ():
            if isinstance(one, Table):
                yield one


def _warning(node: Node, message: str, fix: str) -> Problem:
    return node.problem(message, fix=fix, severity=Severity.WARNING)


@dataclass(frozen=True, slots=True)
class ConfigurationLint:
    """One kind of finding: its name on the command line, and what finds it."""

    name: str
    find: Callable[[Subject], Iterator[Problem]]


CONFIGURATION_LINTS: Mapping[str, ConfigurationLint] = {
    "AL101": ConfigurationLint("unused-receiver", unused_receivers),
    "AL102": ConfigurationLint("unused-time-interval", unused_intervals),
    "AL103": ConfigurationLint("unreachable-route", unreachable_routes),
    "AL104": ConfigurationLint("inhibition-label", inhibition_without_label),
    "AL105": ConfigurationLint("pagerduty-severity", pagerduty_severities),
}
"""By code."""


def lint_configuration(subject: Subject) -> list[Problem]:
    """The findings that no comment silences."""
    return [
        replace(problem, code=code)
        for code, lint in CONFIGURATION_LINTS.items()
        for problem in lint.find(subject)
        if not is_silenced(subject.root.source, [problem.line], names=(code, lint.name))
    ]
