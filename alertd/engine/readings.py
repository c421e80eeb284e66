"""What telemetry is told of rule groups, the outbox and traffic."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from alertd.deferred import deferred
from alertd.dispatch.mutes import MuteStage
from alertd.dispatch.silences import SilenceState
from alertd.engine.alertmanagers import AlertmanagerCounters, Alertmanagers
from alertd.engine.dispatcher import Dispatcher
from alertd.engine.remote_writer import RemoteWriteCounters, RemoteWriter
from alertd.engine.silencer import Silencer
from alertd.engine.state import GroupState, Health, numbered
from alertd.errors import StoreError
from alertd.notify.outbox import Outbox
from alertd.query.fetcher import Fetcher
from alertd.rules.kind import Judge
from alertd.telemetry.health import SourceReading
from alertd.telemetry.readings import (
    ForecastReading,
    GroupReading,
    OutboxReading,
    QueryReading,
    QueueReading,
    TrafficReading,
)

if TYPE_CHECKING:
    from alertd.rules import projection, projection_score
else:
    projection, projection_score = deferred("alertd.rules.projection"), deferred("alertd.rules.projection_score")

READ_LIMIT = timedelta(seconds=2)
"""How long a scrape or a probe waits for the store."""


def read_group(state: GroupState) -> GroupReading:
    """The group as it is after its newest evaluation."""
    return GroupReading(
        key=state.group.key,
        interval=state.group.interval,
        rules=len(state.rules),
        evaluated_at=state.evaluated_at,
        seconds=state.seconds,
        iterations=state.iterations,
        missed=state.missed,
        samples=sum(rule.samples for rule in state.rules),
        failed_rules=sum(rule.health is Health.ERR for rule in state.rules),
        rule_seconds=tuple([rule.seconds for rule in state.rules]),
        alerts=Counter(alert.state.value for rule in state.rules for alert in rule.alerts.values()),
    )


async def read_outbox(outbox: Outbox, *, at: datetime) -> OutboxReading | None:
    """What waits at `at`; None when the store fails or takes too long, so that scrapes and probes are answered."""
    try:
        async with asyncio.timeout(READ_LIMIT.total_seconds()):
            stats = await outbox.outbox_stats()
    except (StoreError, TimeoutError):
        return None
    return OutboxReading(
        depth={state.value: count for state, count in stats.depth.items()},
        oldest=at - stats.oldest_at if stats.oldest_at else None,
    )


ALERTS_AT_ONCE = 1000


async def count_alerts(dispatcher: Dispatcher, *, at: datetime) -> dict[str, int]:
    """How many alerts are told of (`active`), and how many are silenced or inhibited (`suppressed`)."""
    counts = {"active": 0, "suppressed": 0}
    muter, everybody = dispatcher.muter, dispatcher.label_sets()
    for start in range(0, len(everybody), ALERTS_AT_ONCE):
        for labels in everybody[start : start + ALERTS_AT_ONCE]:
            alert = dispatcher.known(labels)
            if alert is None or alert.resolved(at):
                continue
            muted = muter.silences.muted_by(labels, at) or any(True for _ in muter.inhibitor.inhibitions(labels, at))
            counts["suppressed" if muted else "active"] += 1
        await asyncio.sleep(0)  # a hundred thousand alerts take their time
    return counts


def count_silences(silencer: Silencer, *, at: datetime) -> dict[str, int]:
    """How many silences there are, by state."""
    return dict.fromkeys(SilenceState, 0) | Counter(silence.state(at).value for silence in silencer.silences)


_SUPPRESSED = {
    MuteStage.INHIBITED: "inhibition",
    MuteStage.INACTIVE: "active_time_interval",
    MuteStage.MUTED: "mute_time_interval",
    MuteStage.SILENCED: "silence",
}


def read_suppressed(dispatcher: Dispatcher) -> dict[str, int]:
    """How many alerts were left out of notifications since the start, by reason in Alertmanager's words."""
    return {word: dispatcher.suppressed[stage] for stage, word in _SUPPRESSED.items()}


def read_sources(states: Iterable[GroupState]) -> dict[str, SourceReading]:
    """Every source that groups ask: when it last gave any of their rules an answer."""
    sources: dict[str, SourceReading] = {}
    for state in states:
        answers = [rule.evaluated_at for rule in state.rules if rule.health is Health.OK and rule.evaluated_at]
        known = sources.get(state.group.source)
        newest = max([*answers, *([known.answered_at] if known and known.answered_at else [])], default=None)
        interval = min(state.group.interval, known.interval if known else state.group.interval)
        sources[state.group.source] = SourceReading(answered_at=newest, interval=interval)
    return sources


def read_forecasts(judges: Iterable[Judge]) -> list[ForecastReading]:
    """What became of the forecasts of all projection rules, by horizon."""
    together: dict[str, projection_score.Accuracy] = {}
    for judge in judges:
        for one in judge.accuracy() if isinstance(judge, projection.PeriodJudge) else ():
            known = together.get(one.horizon)
            together[one.horizon] = one if known is None else known.with_others(one)
    return [
        ForecastReading(
            horizon=one.horizon, level=projection_score.LEVEL, coverage=one.coverage, errors=one.errors, brier=one.brier
        )
        for one in together.values()
    ]


def read_traffic(fetcher: Fetcher, writer: RemoteWriter, alertmanagers: Alertmanagers) -> TrafficReading:
    """What went out to sources, remote write targets and other Alertmanagers."""
    return TrafficReading(
        queries=[QueryReading(source=name, **asdict(counters)) for name, counters in fetcher.counters.items()],
        remote_write=_with_names_of_their_own(
            [_read_queue(one.name, one.counters, sent=one.counters.written, waiting=len(one)) for one in writer.targets]
        ),
        alertmanagers=_with_names_of_their_own(
            [
                _read_queue(one.url, one.counters, sent=one.counters.sent, waiting=len(one))
                for one in alertmanagers.targets
            ]
        ),
    )


def _with_names_of_their_own(queues: Sequence[QueueReading]) -> list[QueueReading]:
    """Two targets on one host must not share a series."""
    names = numbered([queue.target for queue in queues])
    return [replace(queue, target=name) for queue, name in zip(queues, names, strict=True)]


def _read_queue(
    name: str, counters: RemoteWriteCounters | AlertmanagerCounters, *, sent: int, waiting: int
) -> QueueReading:
    return QueueReading(
        target=name, sent=sent, waiting=waiting, dropped=dict(counters.dropped),
        requests=counters.requests, retries=counters.retries,
    )  # fmt: skip
