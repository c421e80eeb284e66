"""`Evaluator`: owns the state of every rule group; evaluates the due ones, saves, hands alerts on.

Saved first, handed on afterwards: what a receiver is told was on disk before.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from alertd.alerts.alert import Alert, State
from alertd.alerts.keeping import RuleMemory, SavedGroup
from alertd.alerts.posted import PostedAlert
from alertd.alerts.restore import restore
from alertd.alerts.sending import Sending, due, for_alertmanager, posted, withdrawn
from alertd.clock import Clock
from alertd.engine.group_evaluator import GroupEvaluator
from alertd.engine.ports import Store
from alertd.engine.state import Alerts, GroupState, Health, RuleState, abandoned, carry_over
from alertd.errors import StoreError
from alertd.labels import LabelSet
from alertd.notify.history import Event, posted_transition, transitions
from alertd.query.fetcher import Fetcher
from alertd.query.pending import PendingAnswers
from alertd.rules.kind import Judge, Memoryless
from alertd.rules.rule import AlertingRule, RuleGroup
from alertd.rules.settings import EvaluationSettings
from alertd.rules.slots import missed

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlets:
    """Where evaluated alerts go once they are saved.

    dispatch      our own dispatcher; takes every alert that changed
    alertmanagers other Alertmanagers; take what is new, and everything again each resend_delay
    evaluated     told of every finished evaluation (metrics)
    """

    dispatch: Callable[[Sequence[PostedAlert]], None]
    alertmanagers: Callable[[Sequence[PostedAlert]], None]
    evaluated: Callable[[GroupState], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a configuration gives the evaluator; replaced as a whole by a reload."""

    evaluator: GroupEvaluator
    fetcher: Fetcher
    settings: EvaluationSettings
    external_url: str


class Evaluator:
    """Evaluates rule groups at their slots.

    owner    `run_slot` awaits every task it starts; `replace` waits for groups under way
    """

    def __init__(self, setup: Setup, *, store: Store, outlets: Outlets, clock: Clock) -> None:
        self._setup = setup
        self._store = store
        self._outlets = outlets
        self._clock = clock
        self._states: dict[str, GroupState] = {}
        self._idle = asyncio.Condition()
        self._held = False  # while a new configuration waits for groups under way, no further ones begin

    def states(self) -> list[GroupState]:
        """Every group, by file and name."""
        return [self._states[key] for key in sorted(self._states)]

    def judges(self) -> list[Judge]:
        """Every rule's judge."""
        return [rule.judge for state in self._states.values() for rule in state.rules if rule.judge is not None]

    async def start(self, groups: Sequence[RuleGroup]) -> None:
        """Take the groups with the alerts that were saved for them."""
        saved = {group.group_key: group for group in await self._store.load_rule_alerts()}
        memories: dict[str, dict[str, bytes]] = defaultdict(dict)
        for memory in await self._store.rule_memories():
            memories[memory.group_key][memory.rule] = memory.memory
        for group in groups:
            state = self._states[group.key] = GroupState.fresh(group, memories[group.key])
            if group.key in saved:
                self._restore(state, saved[group.key])
        known = {
            key: {identity: [alert.labels for alert in alerts] for identity, alerts in group.alerts.items()}
            for key, group in saved.items()
        }
        await self._forget(known, memories)

    def _restore(self, state: GroupState, saved: SavedGroup) -> None:
        state.evaluated_at = saved.evaluated_at
        for rule in state.rules:
            alerts = saved.alerts.get(rule.identity, ())
            rule.saved = {alert.labels: alert for alert in alerts}
            rule.alerts = restore(
                alerts,
                evaluated_at=saved.evaluated_at,
                at=self._clock.now(),
                grace=self._setup.settings.for_grace_period,
                tolerance=self._setup.settings.outage_tolerance,
            )

    async def replace(self, groups: Sequence[RuleGroup], setup: Setup) -> None:
        """Take new groups: a rule with the same name and labels keeps its alerts; what has no successor is forgotten.

        `withdraw` then ends the alerts that were handed on and that no rule stands behind any more.
        """
        self._held = True
        try:
            async with self._idle:
                await self._idle.wait_for(lambda: not any(state.busy for state in self._states.values()))
                old = self._states
                # Judges with other settings take over what those before them remember: tenths of a second for thousands.
                self._states = await asyncio.to_thread(_successors, old, groups)
                self._setup = setup
        finally:
            self._held = False
        await setup.evaluator.end(abandoned(old, self._states))
        await self._forget(
            {key: {rule.identity: list(rule.saved) for rule in group.rules} for key, group in old.items()},
            {key: [rule.identity for rule in group.rules if rule.remembers] for key, group in old.items()},
        )

    async def _forget(
        self, saved: Mapping[str, Mapping[str, Sequence[LabelSet]]], memories: Mapping[str, Iterable[str]]
    ) -> None:
        """Drop what the store has of groups and rules that are no more.

        saved      labels of alerts, by group and rule
        memories   rules whose judges remember something, by group
        """
        async with self._store.transaction() as tx:
            for key in {*saved, *memories}:
                if key not in self._states:
                    tx.drop_group(key)
                    continue
                kept = self._states[key].by_identity()
                for identity, labels in saved.get(key, {}).items():
                    if identity not in kept and labels:
                        tx.drop_alerts(key, identity, labels)
                for identity in memories.get(key, ()):
                    if identity not in kept:
                        tx.drop_memory(key, identity)

    async def withdraw(self, handed_on: Iterable[PostedAlert]) -> None:
        """End every alert handed on as "fires until told otherwise" that no rule of today's groups stands behind."""
        at = self._clock.now()
        firing = {labels for state in self._states.values() for labels in self._firing_labels(state)}
        gone = [alert for alert in handed_on if alert.ends_at is None and alert.labels not in firing]
        orphans = [withdrawn(alert, at=at) for alert in gone]
        if orphans:
            ends = [posted_transition(before, after, at=at) for before, after in zip(gone, orphans, strict=True)]
            async with self._store.transaction() as tx:
                tx.put_posted(orphans)
                tx.add_events([event for event in ends if event is not None])
            self._outlets.dispatch(orphans)
            self._outlets.alertmanagers(orphans)
            log.info("alerts_withdrawn", alerts=len(orphans), why="their rules are gone")

    def _firing_labels(self, state: GroupState) -> Iterable[LabelSet]:
        external = self._setup.settings.external_labels
        for rule in state.rules:
            for alert in rule.alerts.values():
                if alert.state is State.FIRING:
                    yield LabelSet({**external, **alert.labels})

    @asynccontextmanager
    async def between_slots(self, key: str) -> AsyncIterator[GroupState | None]:
        """A group for oneself while it is not evaluated; a slot that falls due meanwhile is missed. None: it is gone."""
        async with self._idle:
            await self._idle.wait_for(lambda: key not in self._states or not self._states[key].busy)
            state = self._states.get(key)
            if state is not None:
                state.busy = True
        try:
            yield state
        finally:
            async with self._idle:
                if state is not None:
                    state.busy = False
                self._idle.notify_all()

    async def run_slot(self, keys: Iterable[str], at: datetime) -> None:
        """Evaluate those groups of `keys` that are not still busy with an earlier slot; the others have missed this one."""
        due_groups = [state for key in keys if (state := self._states.get(key)) is not None and self._take(state, at)]
        pending = self._begin(due_groups, at)
        try:
            async with asyncio.TaskGroup() as tasks:
                for state in due_groups:
                    tasks.create_task(self._run_group(state, pending[state.group.query_offset], at))
        finally:
            for answers in pending.values():
                await answers.close()

    def _take(self, state: GroupState, at: datetime) -> bool:
        """Mark a group as busy with slot `at`; False when it cannot be evaluated at it."""
        if self._held:
            return False
        if state.slot is not None and state.slot >= at:
            if state.busy or state.slot - at <= state.group.interval:
                return False
            state.set_back(at)
        state.missed += missed(state.slot, at, state.group.interval)
        state.slot = at
        if state.busy:
            state.missed += 1
            log.warning(
                "slot_missed", group=state.group.key, slot=at.isoformat(), why="the last evaluation is not done"
            )
            return False
        state.busy = True
        return True

    def _begin(self, states: Sequence[GroupState], at: datetime) -> dict[timedelta, PendingAnswers]:
        """One plan for all groups that ask about the same time, so that equal queries are sent once."""
        setup = self._setup
        offsets = {state.group.query_offset for state in states}
        return {
            offset: setup.fetcher.begin(
                [
                    need
                    for s in states
                    if s.group.query_offset == offset
                    for need in self._setup.evaluator.first_needs(s.group)
                ],
                at - offset,
            )
            for offset in offsets
        }

    async def _run_group(self, state: GroupState, pending: PendingAnswers, at: datetime) -> None:
        started = self._clock.monotonic()
        try:
            first = await pending.of(self._setup.evaluator.first_needs(state.group))
            await self._setup.evaluator.evaluate(state, at, first=first)
            state.seconds = self._clock.monotonic() - started  # the shared fetch included
            await self._save_and_hand_on(state, at)
        except StoreError as error:
            log.error(
                "alerts_not_saved", group=state.group.key, error=str(error), next="handed on once they can be saved"
            )
        except Exception:  # a bug in one group must not end the others
            log.exception("evaluation_failed", group=state.group.key, slot=at.isoformat())
        finally:
            async with self._idle:
                state.busy = False
                self._idle.notify_all()
        self._outlets.evaluated(state)
        _log_evaluated(state, at)

    async def _save_and_hand_on(self, state: GroupState, at: datetime) -> None:
        """One transaction for the whole group, then the outlets."""
        sending = self._sending(state.group)
        steps = [_RuleStep.of(rule, sending, at=at) for rule in state.rules if rule.alerts or rule.saved]
        memories = await _memories(state, lambda judge: judge.saves(at))
        if not steps and not memories:
            return
        changed = [alert for step in steps for alert in step.changed]
        async with self._store.transaction() as tx:
            tx.save_group(state.group.key, at)
            for step in steps:
                tx.save_alerts(state.group.key, step.state.identity, step.save)
                tx.drop_alerts(state.group.key, step.state.identity, step.drop)
            tx.put_posted(changed)
            tx.add_events([event for step in steps for event in step.events])
            for memory in memories:
                tx.save_memory(memory)
        _note_remembered(state, memories)
        for step in steps:
            step.state.alerts = step.state.saved = step.alerts
        if changed:
            self._outlets.dispatch(changed)
        if resent := [for_alertmanager(alert, sending.validity) for step in steps for alert in step.due]:
            self._outlets.alertmanagers(resent)

    async def save_memories(self) -> None:
        """Save what every judge remembers, due or not: the last thing before the end."""
        for state in self._states.values():
            if memories := await _memories(state, lambda judge: True):
                async with self._store.transaction() as tx:
                    tx.save_group(state.group.key, state.evaluated_at or self._clock.now())
                    for memory in memories:
                        tx.save_memory(memory)

    def _sending(self, group: RuleGroup) -> Sending:
        return Sending(
            interval=group.interval,
            resend_delay=self._setup.settings.resend_delay,
            external_labels=self._setup.settings.external_labels,
            external_url=self._setup.external_url,
        )


async def _memories(state: GroupState, wanted: Callable[[Judge], bool]) -> list[RuleMemory]:
    """What those judges remember; a large memory takes its time to write down, so not on the event loop."""
    judges = [
        (rule, rule.judge)
        for rule in state.rules
        if rule.judge is not None and not isinstance(rule.judge, Memoryless) and not rule.reads_history
    ]
    written = [(rule, await asyncio.to_thread(judge.memory)) for rule, judge in judges if wanted(judge)]
    return [
        RuleMemory(group_key=state.group.key, rule=rule.identity, memory=memory) for rule, memory in written if memory
    ]


def _note_remembered(state: GroupState, memories: Iterable[RuleMemory]) -> None:
    remembered = {memory.rule for memory in memories}
    for rule in state.rules:
        rule.remembers = rule.remembers or rule.identity in remembered


@dataclass(frozen=True, slots=True)
class _RuleStep:
    """What one evaluation of a rule asks to be saved and handed on; taken over only once it is saved.

    alerts    the alerts as they are after handing on
    changed   firing or resolved alerts that differ from what was last handed on, or are due again
    due       of these, the ones whose resend_delay is over
    events    changes of state
    """

    state: RuleState
    alerts: Alerts
    save: list[Alert]
    drop: list[LabelSet]
    changed: list[PostedAlert]
    due: list[PostedAlert]
    events: list[Event]

    @classmethod
    def of(cls, state: RuleState, sending: Sending, *, at: datetime) -> _RuleStep:
        rule = state.rule
        assert isinstance(rule, AlertingRule)
        resend = due(state.alerts.values(), resend_delay=sending.resend_delay, at=at)
        sent = {alert.labels: replace(alert, last_sent_at=at) for alert in resend}
        alerts = {**state.alerts, **sent}
        save = [alert for labels, alert in alerts.items() if state.saved.get(labels) is not alert]
        told = {alert.labels: posted(rule, alert, sending, at=at) for alert in save if alert.state is not State.PENDING}
        drop = [labels for labels in state.saved if labels not in alerts]
        events = transitions(
            state.saved, changed=save, dropped=drop, external_labels=sending.external_labels, at=at
        )  # fmt: skip
        return cls(state, alerts, save, drop, list(told.values()), [told[labels] for labels in sent], events)


def _log_evaluated(state: GroupState, at: datetime) -> None:
    """One line for each reason: rules mostly fail together, and the log must not be full of them while Prometheus is down."""
    failed: dict[str, list[str]] = {}
    for rule in state.rules:
        if rule.health is Health.ERR:
            failed.setdefault(rule.last_error, []).append(rule.rule.name)
    log.debug(  # what goes well is in the metrics
        "group_evaluated", group=state.group.key, slot=at.isoformat(), rules=len(state.rules),
        errors=sum(map(len, failed.values())), seconds=round(state.seconds, 4),
    )  # fmt: skip
    for error, names in failed.items():
        others = {"others": len(names) - 1} if len(names) > 1 else {}
        log.warning("rule_failed", group=state.group.key, rule=names[0], **others, error=error)


def _successors(old: Mapping[str, GroupState], groups: Iterable[RuleGroup]) -> dict[str, GroupState]:
    """The states of `groups`, with what the old ones know."""
    states = {group.key: GroupState.fresh(group) for group in groups}
    for key, state in states.items():
        if key in old:
            carry_over(old[key], state)
    return states
