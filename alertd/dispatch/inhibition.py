"""Inhibition: an alert is not told while another one, its source, fires.

A source inhibits whether or not it is told itself: silenced, muted and inhibited sources inhibit too.
source   Alertmanager inhibit.Inhibitor
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import Field

from alertd.alerts.posted import PostedAlert
from alertd.dispatch.matcher_settings import EqualitySettings, LabelName, MatcherSettings, PatternSettings, together
from alertd.labels import LabelSet
from alertd.labels.matcher import Matchers
from alertd.labels.matcher_index import MatcherIndex
from alertd.settings import Settings

MOST_REMEMBERED = 200_000
"""Label sets of which is remembered in which rules they play a part."""


class InhibitRuleSettings(Settings):
    """An item of `inhibit_rules:`; the words are Alertmanager's."""

    name: str = Field(default="", description="Name by which explanations call it.")
    source_match: EqualitySettings = Field(default={}, description="Labels of the source (older form).")
    source_match_re: PatternSettings = Field(default={}, description="Patterns for labels of the source (older form).")
    source_matchers: tuple[MatcherSettings, ...] = Field(default=(), description="Matchers of the source.")
    target_match: EqualitySettings = Field(default={}, description="Labels of the target (older form).")
    target_match_re: PatternSettings = Field(default={}, description="Patterns for labels of the target (older form).")
    target_matchers: tuple[MatcherSettings, ...] = Field(
        default=(), description="Matchers of the target, which is not told while a source fires."
    )
    equal: tuple[LabelName, ...] = Field(
        default=(), description="Labels that source and target must share; absent on both sides is shared too."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class InhibitRule:
    """While an alert that `source` matches fires, those that `target` matches and share the labels `equal` are not told.

    name   as given, or its place in the configuration: `inhibit_rules[2]`
    """

    name: str
    source: Matchers = ()
    target: Matchers = ()
    equal: tuple[str, ...] = ()

    @classmethod
    def from_settings(cls, settings: InhibitRuleSettings, position: int) -> InhibitRule:
        return cls(
            name=settings.name or f"inhibit_rules[{position}]",
            source=together(settings.source_match, settings.source_match_re, settings.source_matchers),
            target=together(settings.target_match, settings.target_match_re, settings.target_matchers),
            equal=settings.equal,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Inhibition:
    """Who inhibits, by its fingerprint, and by which rule."""

    source: str
    rule: str


@dataclass(frozen=True, slots=True)
class _Roles:
    """Numbers of the rules in which a label set is a source, and in which a target."""

    source: tuple[int, ...]
    target: tuple[int, ...]


Values = tuple[str, ...]
"""Of the labels a rule wants to be equal."""


@dataclass(frozen=True, slots=True)
class _Sources:
    """The sources of one rule by the values they share with their targets, the oldest first.

    mere   those that are no targets of the rule
    both   those that are
    """

    mere: dict[Values, dict[LabelSet, None]] = field(default_factory=dict)
    both: dict[Values, dict[LabelSet, None]] = field(default_factory=dict)


class Inhibitor:
    """The alerts that are sources of rules, and at once which of them inhibit a given label set.

    All alerts of a batch are put before anything is asked, so that sources are known before their targets are judged.
    """

    def __init__(self, rules: Iterable[InhibitRule]) -> None:
        self._rules = tuple(rules)
        self._by_source: MatcherIndex[int] = MatcherIndex()
        self._by_target: MatcherIndex[int] = MatcherIndex()
        for number, rule in enumerate(self._rules):
            self._by_source.add(rule.source, number)
            self._by_target.add(rule.target, number)
        self._alerts: dict[LabelSet, PostedAlert] = {}
        self._sources = tuple(_Sources() for _ in self._rules)
        self._roles: dict[LabelSet, _Roles] = {}
        self._known_roles: dict[_Roles, _Roles] = {}  # few are different, so that each is kept once

    def put(self, alerts: Iterable[PostedAlert]) -> None:
        """Take these copies, unless newer ones are there."""
        if not self._rules:
            return
        for alert in alerts:
            old = self._alerts.get(alert.labels)
            if old is not None:
                self._alerts[alert.labels] = alert if old.updated_at <= alert.updated_at else old
            elif self._roles_of(alert.labels).source:
                self._alerts[alert.labels] = alert
                for place, values in self._places(alert.labels):
                    place.setdefault(values, {})[alert.labels] = None

    def drop(self, alerts: Iterable[PostedAlert]) -> None:
        """Forget these very copies; newer ones stay."""
        for alert in alerts:
            if self._alerts.get(alert.labels) is alert:
                del self._alerts[alert.labels]
                for place, values in self._places(alert.labels):
                    del place[values][alert.labels]
                    if not place[values]:
                        del place[values]

    def inhibitions(self, labels: LabelSet, at: datetime) -> Iterator[Inhibition]:
        """Who inhibits these labels at that time, rule by rule; the first one suffices to know that they are inhibited.

        An alert that is source and target of a rule is not inhibited by another such alert, and so never by itself.
        """
        if not self._alerts:
            return
        roles = self._roles_of(labels)
        for number in roles.target:
            sources = self._sources[number]
            for place in (sources.mere,) if number in roles.source else (sources.mere, sources.both):
                if place:
                    for source in place.get(self._values(number, labels), ()):
                        if not self._alerts[source].resolved(at):
                            yield Inhibition(source=source.fingerprint, rule=self._rules[number].name)

    def _places(self, labels: LabelSet) -> Iterator[tuple[dict[Values, dict[LabelSet, None]], Values]]:
        """Where these labels stand as a source, and under which values."""
        roles = self._roles_of(labels)
        for number in roles.source:
            sources = self._sources[number]
            yield sources.both if number in roles.target else sources.mere, self._values(number, labels)

    def _values(self, number: int, labels: LabelSet) -> Values:
        return tuple([labels.get(name) for name in self._rules[number].equal])

    def _roles_of(self, labels: LabelSet) -> _Roles:
        roles = self._roles.get(labels)
        if roles is None:
            roles = _Roles(tuple(self._by_source.matching(labels)), tuple(self._by_target.matching(labels)))
            if len(self._roles) >= MOST_REMEMBERED:
                self._roles.clear()
            roles = self._roles[labels] = self._known_roles.setdefault(roles, roles)
        return roles
