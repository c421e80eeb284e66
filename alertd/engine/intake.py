"""`AlertIntake`: takes alerts that others post. What is answered for is on disk, and with the dispatcher."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alertd.alerts.ingest import InvalidAlertError, RawAlert, accept, merge
from alertd.alerts.posted import PostedAlert
from alertd.clock import Clock
from alertd.engine.dispatcher import Dispatcher
from alertd.engine.ports import Store
from alertd.labels import LabelSet, fingerprints
from alertd.notify.history import posted_transition

AT_ONCE = 256
"""Alerts of one post that are taken and saved in one go: a few milliseconds in which nothing else happens."""

MOST_ALERTS = 1_000_000
"""Alerts that may be known at one time; further ones are refused, so that a runaway sender cannot use up all memory."""


_Joined = tuple[PostedAlert | None, PostedAlert]
"""An alert as it was known, and as it is after the post."""


@dataclass(slots=True)
class IntakeCounters:
    """Alerts posted since the start; those refused are counted as firing or resolved too, as Alertmanager does."""

    firing: int = 0
    resolved: int = 0
    invalid: int = 0


class AlertIntake:
    """Accepts alerts, joins them with what is known, saves them and hands them on.

    resolve_timeout   how long an alert without an end is taken to fire
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        *,
        store: Store,
        clock: Clock,
        resolve_timeout: timedelta,
        most_alerts: int = MOST_ALERTS,
    ) -> None:
        self.resolve_timeout = resolve_timeout
        self.counters = IntakeCounters()
        self._dispatcher = dispatcher
        self._store = store
        self._clock = clock
        self._most_alerts = most_alerts
        self._prepared = False
        self._coming: dict[LabelSet, PostedAlert] = {}  # being saved: known already to whoever posts next
        self._saving: set[asyncio.Task[None]] = set()

    async def post(self, alerts: Sequence[RawAlert]) -> list[str]:
        """Take those that can be taken; why the others cannot. Raises StoreError when nothing, or not all, was saved."""
        if len(alerts) > fingerprints.FEW and not self._prepared:
            await asyncio.to_thread(fingerprints.prepare)
            self._prepared = True
        errors: list[str] = []
        saves: list[asyncio.Task[None]] = []
        for start in range(0, len(alerts), AT_ONCE):
            if saves:
                await asyncio.sleep(0)
            at = self._clock.now()
            joined = self._join(alerts[start : start + AT_ONCE], errors, at)
            # Begun in the order in which copies of an alert were joined; what is joined meanwhile is committed together.
            saves.append(self._begin(self._save(joined, at)))
        # What is begun is finished, also when nobody waits for the answer any more.
        for failed in await asyncio.shield(asyncio.gather(*saves, return_exceptions=True)):
            if failed is not None:
                raise failed
        return errors

    def _begin(self, save: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(save)
        self._saving.add(task)
        task.add_done_callback(self._saving.discard)
        return task

    def _join(self, raws: Sequence[RawAlert], errors: list[str], at: datetime) -> Collection[_Joined]:
        joined: dict[LabelSet, _Joined] = {}
        for raw in raws:
            self._count(raw, at)
            labels = LabelSet(raw.labels)
            old = self._known(labels)
            if old is not None:
                labels = old.labels  # the same object, so that what was computed from it stays
            try:
                new = accept(raw, at=at, resolve_timeout=self.resolve_timeout, labels=labels)
                if old is None:
                    self._check_room()
            except InvalidAlertError as error:
                self.counters.invalid += 1
                errors.append(str(error))
                continue
            alert = _after(old, new, at)
            if alert is not None:
                self._coming[labels] = alert
                joined[labels] = (old, alert)
        return joined.values()

    def _known(self, labels: LabelSet) -> PostedAlert | None:
        return self._coming.get(labels) or self._dispatcher.known(labels)

    def _count(self, raw: RawAlert, at: datetime) -> None:
        if raw.ends_at is not None and raw.ends_at <= at:
            self.counters.resolved += 1
        else:
            self.counters.firing += 1

    def _check_room(self) -> None:
        if self._dispatcher.alert_count + len(self._coming) >= self._most_alerts:
            raise InvalidAlertError(f"there are {self._most_alerts} alerts already: no further ones are taken")

    async def _save(self, joined: Collection[_Joined], at: datetime) -> None:
        alerts = [alert for _, alert in joined]
        fingerprints.compute_fingerprints(alert.labels for alert in alerts)
        events = [posted_transition(old, alert, at=at) for old, alert in joined]
        try:
            async with self._store.transaction() as tx:
                tx.put_posted(alerts)
                tx.add_events([event for event in events if event is not None])
            self._dispatcher.ingest(alerts)
        finally:
            for alert in alerts:
                if self._coming.get(alert.labels) is alert:
                    del self._coming[alert.labels]


def _after(old: PostedAlert | None, new: PostedAlert, at: datetime) -> PostedAlert | None:
    """What is known once `new` was posted; None when it tells the end of something nobody knows of."""
    if old is None:
        return None if new.resolved(at) else new
    merged = merge(old, new, at=at)
    if merged.resolved(at) and merged.starts_at != old.starts_at:
        if merged is not new:
            merged = replace(merged, starts_at=old.starts_at)  # it ends the episode that was told
        elif not new.ends(old):  # they do not overlap: the late end of an earlier episode
            return None
    if merged.updated_at < old.updated_at:  # the clock was set back
        merged = replace(merged, updated_at=old.updated_at)
    return merged
