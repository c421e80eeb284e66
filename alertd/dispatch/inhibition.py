"""Inhibition: an alert is not told while another one, its source, fires.

A source inhibits whether or not it is told itself: silenced, muted and inhibited sources inhibit too.
source   Alertmanager inhibit.Inhibitor
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import Field

from alertd.alerts.posted import PostedAlert
from alertd.dispatch.matcher_settings import EqualitySettings, LabelName, MatcherSettings, PatternSettings, together
from alertd.labels import LabelSet
from alertd.labels.matcher import Matchers
from alertd.labels.matcher_index import MatcherIndex
from alertd.settings import Settings


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

    source: Sequence[int]
    target: Sequence[int]


class Inhibitor:
    """Every alert there is, and at once which of them inhibit a given one.

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
        self._roles: dict[LabelSet, _Roles] = {}  # of every alert there is
        # rule, whether they are targets of it too, values of its equal labels -> sources, the oldest first
        self._sources: dict[tuple[int, bool, tuple[str, ...]], dict[LabelSet, None]] = {}

    def put(self, alerts: Iterable[PostedAlert]) -> None:
        """Take these copies, unless newer ones are there."""
        for alert in alerts:
            old = self._alerts.get(alert.labels)
            if old is None:
                self._begin(alert.labels)
            if old is None or old.updated_at <= alert.updated_at:
                self._alerts[alert.labels] = alert

    def drop(self, alerts: Iterable[PostedAlert]) -> None:
        """Forget these very copies; newer ones stay."""
        for alert in alerts:
            if self._alerts.get(alert.labels) is alert:
                del self._alerts[alert.labels]
                self._end(alert.labels)

    def inhibitions(self, labels: LabelSet, at: datetime) -> Iterator[Inhibition]:
        """Who inhibits these labels at that time, rule by rule; the first one suffices to know that they are inhibited.

        An alert that is source and target of a rule is not inhibited by another such alert, and so never by itself.
        """
        roles = self._roles.get(labels) or self._roles_of(labels)
        for number in roles.target:
            rule = self._rules[number]
            shared = tuple(labels.get(name) for name in rule.equal)
            for two_sided in (False,) if number in roles.source else (False, True):
                for source in self._sources.get((number, two_sided, shared), ()):
                    if not self._alerts[source].resolved(at):
                        yield Inhibition(source=source.fingerprint, rule=rule.name)

    def _begin(self, labels: LabelSet) -> None:
        self._roles[labels] = self._roles_of(labels)
        for place in self._places(labels):
            self._sources.setdefault(place, {})[labels] = None

    def _end(self, labels: LabelSet) -> None:
        for place in self._places(labels):
            del self._sources[place][labels]
            if not self._sources[place]:
                del self._sources[place]
        del self._roles[labels]

    def _places(self, labels: LabelSet) -> Iterator[tuple[int, bool, tuple[str, ...]]]:
        """Where these labels stand as a source."""
        roles = self._roles[labels]
        for number in roles.source:
            yield number, number in roles.target, tuple(labels.get(name) for name in self._rules[number].equal)

    def _roles_of(self, labels: LabelSet) -> _Roles:
        return _Roles(self._by_source.matching(labels), self._by_target.matching(labels))
