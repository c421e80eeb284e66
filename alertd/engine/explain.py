"""`Explainer`: collects what is known of one alert, wherever it is kept."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from alertd.alerts.alert import Alert, State
from alertd.clock import Clock
from alertd.dispatch.quoting import group_key
from alertd.dispatch.route import Route
from alertd.dispatch.silence_index import Silences
from alertd.engine.dispatcher import Dispatcher
from alertd.engine.ports import Store
from alertd.engine.state import GroupState, RuleState
from alertd.labels import LabelSet
from alertd.notify.explain import (
    DeliveryFacts,
    Explanation,
    MuteFacts,
    RouteFacts,
    RuleFacts,
    delivery_facts,
    event_facts,
    mute_facts,
    reasons,
    told_facts,
)
from alertd.notify.history import Event
from alertd.notify.log import LogEntry
from alertd.rules.rule import AlertingRule

EVENTS = 200
DELIVERIES = 50
AT_ONCE = 1000
"""Alerts that are looked at before others may run."""

_STATES = {State.PENDING: "pending", State.FIRING: "firing", State.INACTIVE: "resolved"}


class Explainer:
    """Explains alerts by their fingerprint.

    rules             every rule group with its alerts
    external_labels   added to alerts of our own rules when they are handed on
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        dispatcher: Dispatcher,
        silences: Silences,
        rules: Callable[[], Sequence[GroupState]],
        external_labels: Callable[[], Mapping[str, str]],
    ) -> None:
        self._store = store
        self._clock = clock
        self._dispatcher = dispatcher
        self._silences = silences
        self._rules = rules
        self._external_labels = external_labels

    async def explain(self, fingerprint: str) -> Explanation | None:
        """Everything about one alert; None when nobody has ever heard of it. Raises StoreError."""
        own = await self._store.events(fingerprint=fingerprint, limit=EVENTS)
        labels = _labels_in(own) or await self._find(fingerprint)
        if labels is None:
            return None
        routes = self._dispatcher.route.match(labels)
        keys = [group_key(route.id, route.group_labels(labels)) for route in routes]
        entries = await self._store.log_entries(keys)
        of_groups = await self._store.events(group_keys=keys, limit=EVENTS)
        deliveries = delivery_facts(
            await self._store.deliveries(group_keys=keys, limit=DELIVERIES), of_groups, fingerprint
        )
        told_of = {one.id for one in deliveries}
        related = [event for event in of_groups if event.delivery in told_of]
        history = sorted([*own, *related], key=lambda event: event.at, reverse=True)
        return self._explanation(labels, [self._route(route, labels, entries) for route in routes], deliveries, history)

    async def _find(self, fingerprint: str) -> LabelSet | None:
        """The labels of an alert that has no history."""
        known = iter(self._dispatcher.label_sets())
        while batch := list(islice(known, AT_ONCE)):
            found = next((labels for labels in batch if labels.fingerprint == fingerprint), None)
            if found is not None:
                return found
            await asyncio.sleep(0)
        return None

    def _explanation(
        self,
        labels: LabelSet,
        routes: list[RouteFacts],
        deliveries: list[DeliveryFacts],
        history: Sequence[Event],
    ) -> Explanation:
        posted = self._dispatcher.known(labels)
        rule = self._rule(labels)
        alert = rule.alert if rule else None
        fires = posted is not None and not posted.resolved(self._clock.now())
        state = _STATES[alert.state] if alert else "firing" if fires else "resolved"
        facts = rule.facts() if rule else None
        shown = alert or posted
        return Explanation(
            fingerprint=labels.fingerprint,
            labels=dict(labels),
            annotations=dict(shown.annotations) if shown else {},
            state=state,
            starts_at=posted.starts_at if posted else alert.fired_at or alert.active_at if alert else None,
            ends_at=posted.ends_at if posted else alert.resolved_at if alert else None,
            why=list(reasons(state, facts, routes, deliveries)),
            rule=facts,
            routes=routes,
            deliveries=deliveries,
            history=event_facts(history),
        )

    def _route(self, route: Route, labels: LabelSet, entries: Sequence[LogEntry]) -> RouteFacts:
        group_labels = route.group_labels(labels)
        key = group_key(route.id, group_labels)
        holding = {group.key: group for group in self._dispatcher.groups_of(labels)}
        return RouteFacts(
            receiver=route.receiver,
            route=route.key,
            group_key=key,
            group_labels=dict(group_labels),
            next_flush_at=holding[key].next_at if key in holding else None,
            mutes=self._mutes(labels, route),
            told=told_facts((entry for entry in entries if entry.stream.group_key == key), labels.fingerprint),
        )

    def _mutes(self, labels: LabelSet, route: Route) -> MuteFacts:
        mutes = self._dispatcher.mutes(labels, route)
        named = {silence_id: self._silences.get(silence_id) for silence_id in mutes.silenced_by}
        return mute_facts(mutes, {silence_id: one for silence_id, one in named.items() if one is not None})

    def _rule(self, labels: LabelSet) -> _Origin | None:
        """The rule of ours that has, or had until lately, an alert with these labels."""
        external = self._external_labels()
        added = [name for name, value in external.items() if labels.get(name) == value]
        for group in self._rules():
            for state in group.rules:
                for own in (labels, labels.without(*added)):
                    if isinstance(state.rule, AlertingRule) and own in state.alerts:
                        return _Origin(group, state, state.rule, state.alerts[own])
        return None


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where an alert of our own comes from."""

    group: GroupState
    state: RuleState
    rule: AlertingRule
    alert: Alert

    def facts(self) -> RuleFacts:
        alert, rule = self.alert, self.rule
        threshold = alert.evidence.get("Threshold")
        return RuleFacts(
            name=rule.name,
            group=self.group.group.name,
            file=self.group.group.file,
            expr=rule.expr,
            hold_seconds=rule.hold.total_seconds(),
            health=self.state.health.value,
            last_error=self.state.last_error,
            evaluated_at=self.state.evaluated_at,
            active_at=alert.active_at,
            value=_finite(alert.value if alert.resolved_at is None else alert.resolved_value),
            threshold=float(threshold) if isinstance(threshold, int | float) else None,
            unit=rule.unit,
        )


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _labels_in(events: Iterable[Event]) -> LabelSet | None:
    """The labels of the alert that these transitions are about."""
    for event in events:
        labels = event.facts.get("labels")
        if isinstance(labels, dict):
            return LabelSet(labels)
    return None
