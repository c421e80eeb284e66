"""Which targets began while we watched: the counters of those count from zero, those of others from their first value."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache

from alertd.labels import LabelSet
from alertd.ledger.counters import Born, Target
from alertd.query.batch import SeriesBatch

STARTS_QUERY = "process_start_time_seconds"
_CLOCK_SKEW = timedelta(minutes=1)


class Births:
    """Keeps the start times of the processes behind all targets, as the last slot answered them."""

    def __init__(self) -> None:
        self._before: SeriesBatch | None = None

    def begun(self, starts: SeriesBatch | None, *, since: datetime | None) -> Born:
        """Whether a target that had no such counter at `since`, the last observation, began after it, or had been scraped."""
        before, self._before = self._before, starts
        if starts is None or since is None:
            return lambda target: True
        watched_since = (since - _CLOCK_SKEW).timestamp()

        @cache
        def processes() -> tuple[dict[Target, float], set[Target]]:  # asked for new targets only: most slots have none
            began = {_target(series): value for series, value in starts.samples()}
            return began, {_target(series) for series in before.labels} if before is not None else set()

        def born(target: Target) -> bool:
            began, scraped = processes()
            return target in scraped or began.get(target, watched_since + 1) > watched_since

        return born


def _target(series: LabelSet) -> Target:
    return series.get("job"), series.get("instance")
