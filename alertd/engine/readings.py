"""What telemetry is told of rule groups and of the outbox."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime, timedelta

from alertd.engine.state import GroupState, Health
from alertd.errors import StoreError
from alertd.notify.outbox import Outbox
from alertd.telemetry.readings import GroupReading, OutboxReading

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
