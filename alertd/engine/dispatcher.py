"""`Dispatcher`: owns the aggregation groups; flushes each when it is due.

A flush is decided in `notify.plan` and saved in one transaction: deliveries, log entries, the group's timer, and the alerts
that are settled. Only then the deliverer is woken.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from alertd.alerts.posted import PostedAlert
from alertd.clock import Clock, SetBack
from alertd.dispatch.grouping import AggregationGroup, GroupFlush, Groups
from alertd.dispatch.inhibition import Inhibitor, InhibitRule
from alertd.dispatch.mutes import Mutes, MuteStage
from alertd.dispatch.muting import Muter
from alertd.dispatch.route import Route
from alertd.dispatch.silence_index import Silences
from alertd.dispatch.time_intervals import TimeIntervalSettings
from alertd.engine.alarm import Alarm
from alertd.engine.ports import Integration, Store, Transaction
from alertd.errors import StoreError
from alertd.labels import LabelSet
from alertd.notify.history import Event, decisions, mute_changes, mute_texts
from alertd.notify.log import Stream
from alertd.notify.plan import FlushPlan, Planner, settled
from alertd.notify.told import Told, by_stream

log = structlog.get_logger(__name__)

GROUPS_PER_TRANSACTION = 64
MANY_ALERTS = 50
"""Messages about more alerts than that are rendered in a thread: a mail about a thousand takes a third of a second."""

ALERTS_AT_ONCE = 16
"""Alerts that messages are rendered about before everybody else gets a turn."""

IDLE = timedelta(minutes=1)
STORE_PAUSE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatching:
    """What a configuration says about telling people; replaced as a whole by a reload.

    receivers   the integrations of each receiver, by its name
    intervals   time intervals by their names
    """

    route: Route
    receivers: Mapping[str, Sequence[Integration]]
    planner: Planner
    inhibit_rules: Sequence[InhibitRule] = ()
    intervals: Mapping[str, TimeIntervalSettings] = field(default_factory=dict)


class Dispatcher:
    """Takes alerts, groups them, and puts what is owed into the outbox.

    silences   those of the moment; whoever owns them changes them
    queued     called when the outbox has new deliveries
    """

    def __init__(
        self, config: Dispatching, *, silences: Silences, clock: Clock, store: Store, queued: Callable[[], None]
    ) -> None:
        self._config = config
        self._silences = silences
        self._clock = clock
        self._store = store
        self._queued = queued
        self._groups = Groups(config.route)
        self._muter = self._muter_of(config)
        self._alarm = Alarm(clock)
        self._set_back = SetBack(clock)
        self._next_config: Dispatching | None = None
        self._unsaved: set[str] = set()  # keys of groups whose timer is not on disk yet, or no longer right there
        self._unwanted: list[PostedAlert] = []  # on disk, but nothing waits for them
        self._to_settle: set[str] = set()
        self.suppressed: Counter[MuteStage] = Counter()  # alerts that a flush left out, since the start
        self._held_back: dict[str, Mapping[LabelSet, str]] = {}  # by key of the group: what is on record about mutes

    async def start(self) -> None:
        """Take up the groups as they were; call once, before `run`."""
        timers = {timer.group_key: timer for timer in await self._store.group_timers()}
        alerts = await self._store.posted_alerts()
        self._muter.inhibitor.put(alerts)
        for alert in sorted(alerts, key=lambda alert: alert.updated_at):
            for group in self._groups.insert(alert, alert.updated_at):
                if group.key in timers:
                    self._groups.arm(group, timers[group.key].next_at)
                else:
                    self._unsaved.add(group.key)
        self._unsaved |= timers.keys() - {group.key for group in self._groups}
        self._pull_in()
        log.info("dispatcher_started", groups=len(self._groups), alerts=len(alerts))

    def groups(self) -> Sequence[AggregationGroup]:
        """Every group, by key."""
        return sorted(self._groups, key=lambda group: group.key)

    def alerts(self) -> Sequence[PostedAlert]:
        """Every alert in any group, once."""
        return self._groups.alerts()

    @property
    def group_count(self) -> int:
        """How many groups there are."""
        return len(self._groups)

    def label_sets(self) -> Sequence[LabelSet]:
        """Those of every alert; quicker than `alerts`."""
        return self._groups.label_sets()

    @property
    def alert_count(self) -> int:
        """How many alerts are in any group."""
        return self._groups.alert_count

    def known(self, labels: LabelSet) -> PostedAlert | None:
        """The alert with these labels, if it is in any group."""
        return self._groups.known(labels)

    def alerts_in(self, group_key: str) -> Sequence[PostedAlert]:
        """The alerts of a group; none when it has ended."""
        group = self._groups.get(group_key)
        return group.alerts if group is not None else ()

    def groups_of(self, labels: LabelSet) -> Sequence[AggregationGroup]:
        """The groups that hold the alert with these labels, in the order of routing."""
        return self._groups.with_labels(labels)

    def ingest(self, alerts: Sequence[PostedAlert]) -> None:
        """Take alerts that were saved with `put_posted`. The end of an episode nobody knows of is ignored."""
        at = self._clock.now()
        # All of them before any group is looked at: sources are known before their targets are judged.
        self._muter.inhibitor.put(alerts)
        for alert in alerts:
            if alert.resolved(at) and not self._groups.holding(alert):
                self._unwanted.append(alert)
            else:
                self._unsaved.update(group.key for group in self._groups.insert(alert, at))
        self._alarm.ring()

    def settle(self, group_key: str) -> None:
        """Look again at a group about which something was delivered: its resolved alerts may leave it now."""
        self._to_settle.add(group_key)
        self._alarm.ring()

    def replace(self, config: Dispatching) -> None:
        """Take a new configuration before the next flush; groups that stay the same keep their clock."""
        self._next_config = config
        self._alarm.ring()

    @property
    def route(self) -> Route:
        """The routing tree that is in force."""
        return self._config.route

    @property
    def muter(self) -> Muter:
        """What mutes by the present configuration."""
        return self._muter

    def mutes(self, labels: LabelSet, route: Route) -> Mutes:
        """Everything that mutes an alert with these labels on a route now."""
        return self._muter.mutes(labels, route, self._clock.now())

    async def run(self) -> None:
        """Flush groups as they become due, until cancelled."""
        while True:
            try:
                await self.step()
            except StoreError as error:
                log.error("dispatch_failed", error=str(error), retry_seconds=STORE_PAUSE.total_seconds())
                await self._clock.sleep_until(self._clock.now() + STORE_PAUSE)
                continue
            idle = self._clock.now() + IDLE
            await self._alarm.wait_until(min(self._groups.next_at() or idle, idle))

    async def step(self) -> None:
        """Do everything that is due now."""
        self._take_config()
        if self._set_back.by():
            self._pull_in()
        await self._settle()
        while due := self._groups.due(self._clock.now(), GROUPS_PER_TRANSACTION):
            await self._flush(due)
        await self._save_arrivals()  # a flush has saved the timers of those that were due at once

    def _pull_in(self) -> None:
        self._unsaved.update(group.key for group in self._groups.pull_in(self._clock.now()))

    def _take_config(self) -> None:
        if self._next_config is None:
            return
        self._config, self._next_config = self._next_config, None
        old, self._groups = self._groups, self._groups.regrouped(self._config.route, self._clock.now())
        self._unsaved |= {group.key for group in old} ^ {group.key for group in self._groups}
        self._muter = self._muter_of(self._config)
        self._held_back = {key: held for key, held in self._held_back.items() if self._groups.get(key) is not None}

    def _muter_of(self, config: Dispatching) -> Muter:
        inhibitor = Inhibitor(config.inhibit_rules)
        inhibitor.put(self._groups.alerts())
        return Muter(inhibitor=inhibitor, silences=self._silences, intervals=config.intervals)

    def _snapshot(self, group: AggregationGroup, at: datetime) -> GroupFlush:
        return self._muter.hold_back(group.snapshot(at), at)

    async def _save_arrivals(self) -> None:
        """Timers of groups that began (or vanished), and the alerts that nothing waits for."""
        unsaved, unwanted = tuple(self._unsaved), tuple(self._unwanted)
        if not unsaved and not unwanted:
            return
        async with self._store.transaction() as tx:
            for key in unsaved:
                group = self._groups.get(key)
                if group is None:
                    tx.drop_group_timer(key)
                else:
                    tx.put_group_timer(group.timer)
            tx.drop_posted(unwanted)
        self._unsaved.difference_update(unsaved)
        self._muter.inhibitor.drop(unwanted)
        del self._unwanted[: len(unwanted)]

    async def _settle(self) -> None:
        """Let resolved alerts go whose end has been told to everybody."""
        at = self._clock.now()
        keys, self._to_settle = self._to_settle, set()
        groups = [group for key in keys if (group := self._groups.get(key)) is not None and group.resolved(at)]
        if not groups:
            return
        told = await self._told({group.key for group in groups})
        flushes = [(group, self._snapshot(group, at)) for group in groups]
        gone = [
            (group, settled(flush, self._config.receivers.get(flush.receiver, ()), told, at=at))
            for group, flush in flushes
        ]
        async with self._store.transaction() as tx:
            for group, alerts in gone:
                self._save_leaving(tx, group, alerts)
        for group, alerts in gone:
            self._leave(group, alerts)

    async def _flush(self, groups: Sequence[AggregationGroup]) -> None:
        told = await self._told({group.key for group in groups})
        at = self._clock.now()
        flushes = [self._snapshot(group, at) for group in groups]
        plans: list[FlushPlan] = []
        planned = 0
        for flush in flushes:
            if planned > ALERTS_AT_ONCE:
                await asyncio.sleep(0)  # messages are rendered: everybody else gets a turn
                planned = 0
            plans.append(await self._plan(flush, told, at))
            planned += len(flush.alerts)
        muted = {flush.group_key: mute_texts(flush.muted) for flush in flushes}
        async with self._store.transaction() as tx:
            _save_plans(tx, plans)
            tx.add_events(
                [
                    event
                    for flush, plan in zip(flushes, plans, strict=True)
                    for event in self._events(flush, plan, muted, at)
                ]
            )
            for flush in flushes:
                tx.put_group_timer(flush.next_timer)
            for group, plan in zip(groups, plans, strict=True):
                self._save_leaving(tx, group, plan.settled)
        self._unsaved.difference_update(group.key for group in groups)
        self._held_back |= muted
        self.suppressed.update(held.why.stage for flush in flushes for held in flush.muted if held.why.stage)
        for group, flush, plan in zip(groups, flushes, plans, strict=True):
            self._groups.arm(group, flush.next_timer.next_at)
            self._leave(group, plan.settled)
            _log_queued(flush, plan)
        if any(plan.queued for plan in plans):
            self._queued()

    def _events(
        self, flush: GroupFlush, plan: FlushPlan, muted: Mapping[str, Mapping[LabelSet, str]], at: datetime
    ) -> Iterator[Event]:
        before = self._held_back.get(flush.group_key, {})
        yield from mute_changes(before, muted[flush.group_key], flush, at=at)
        yield from decisions(flush, plan, at=at)

    async def _plan(self, flush: GroupFlush, told: Mapping[Stream, Told], at: datetime) -> FlushPlan:
        channels = self._config.receivers.get(flush.receiver, ())
        if len(flush.alerts) > MANY_ALERTS:
            return await asyncio.to_thread(self._config.planner.plan, flush, channels, told, at=at)
        return self._config.planner.plan(flush, channels, told, at=at)

    async def _told(self, group_keys: Collection[str]) -> Mapping[Stream, Told]:
        # In this order: a delivery that is recorded between the two reads is seen twice rather than not at all.
        deliveries, entries = await asyncio.gather(
            self._store.open_deliveries(group_keys), self._store.log_entries(group_keys)
        )
        return by_stream(entries, deliveries)

    def _save_leaving(self, tx: Transaction, group: AggregationGroup, alerts: Sequence[PostedAlert]) -> None:
        """An alert is forgotten with the last group that holds it, a group with its last alert."""
        tx.drop_posted([alert for alert in alerts if len(self._groups.holding(alert)) == 1])
        if len(alerts) == len(group):
            tx.drop_group_timer(group.key)

    def _leave(self, group: AggregationGroup, alerts: Sequence[PostedAlert]) -> None:
        for alert in alerts:
            self._groups.drop(group, alert)
        self._muter.inhibitor.drop([alert for alert in alerts if self._groups.known(alert.labels) is None])
        if not len(group):
            self._groups.end(group)
            self._held_back.pop(group.key, None)
        elif alerts:
            self._unsaved.add(group.key)  # an alert may have come while the timer was being dropped


def _save_plans(tx: Transaction, plans: Sequence[FlushPlan]) -> None:
    for plan in plans:
        for queued in plan.queued:
            tx.enqueue(queued.delivery, supersedes=queued.supersedes)
        tx.supersede(plan.superseded)
        for entry in plan.entries:
            tx.put_log_entry(entry)


def _log_queued(flush: GroupFlush, plan: FlushPlan) -> None:
    for queued in plan.queued:
        delivery = queued.delivery
        log.debug(  # the line about its attempt says all this again, and what came of it
            "notification_queued",
            receiver=delivery.stream.receiver,
            integration=delivery.stream.integration,
            group=flush.group_key,
            reason=delivery.reason.value,
            alerts=len(flush.alerts),
            delivery=delivery.id,
        )
