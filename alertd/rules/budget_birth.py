"""Which targets began while we watched: the counters of those count from zero, those of others from their first value."""

from __future__ import annotations

from datetime import datetime, timedelta

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
        known: dict[Target, float] = {}
        scraped: set[Target] = set()

        def born(target: Target) -> bool:
            if starts is None or since is None:
                return True
            if not known:  # asked for new targets only: most slots have none
                known.update({_target(series): value for series, value in starts.samples()})
                scraped.update(known if before is None else {_target(series): 0.0 for series in before.labels})
                if before is None:
                    scraped.clear()
            start = known.get(target)
            return start is None or target in scraped or start > (since - _CLOCK_SKEW).timestamp()

        return born


def _target(series: object) -> Target:
    return series.get("job"), series.get("instance")  # type: ignore[attr-defined]
