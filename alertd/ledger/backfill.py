"""Which history a ledger still has to read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from alertd.ledger.ledger import SHORTEST_GAP, Ledger
from alertd.query.history import HistoryNeed, SeriesMatrix

LOOKBACK = "5m"
"""How long a sample stands for its series, as Prometheus has it."""

FIRST_READ = timedelta(days=28)
"""How far the first read goes back at least: four weeks show what a week is like."""

_COARSE, _FINE = timedelta(minutes=5), timedelta(minutes=1)
_FINE_UP_TO = timedelta(hours=6)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def raw_query(selector: str) -> str:
    """The newest sample of every raw series, also of one that ended since the last slot: what it said last still counts."""
    return f"last_over_time({selector}[{LOOKBACK}])"


class Backfill:
    """Reads from where a ledger ends to the present; for a new ledger from the period's start, as far as there are data.

    beside   the further counter that is read; else it is what is spent
    """

    def __init__(self, query: str, *, beside: str = "") -> None:
        self.query = query
        self._beside = beside
        self._read_to: datetime | None = None

    def wants(self, ledger: Ledger, at: datetime, interval: timedelta) -> list[HistoryNeed]:
        """What is missing before `at`; none when no more than a few slots are missing."""
        # A further counter that no series has any more was asked for as often as what is spent.
        known = (ledger.at, ledger.at_beside(self._beside) if self._beside else None, self._read_to)
        start = max((time for time in known if time is not None), default=None)
        if start is None:
            period = ledger.layout.calendar.period(at).start
            start = _aligned(min(period, at - FIRST_READ))
        elif at - start <= max(SHORTEST_GAP, 3 * interval):
            return []
        step = _FINE if at - start <= _FINE_UP_TO else _COARSE
        return [HistoryNeed(expr=self.query, start=start + step, end=at, step=step)]

    def learn(self, ledger: Ledger, need: HistoryNeed, matrix: SeriesMatrix) -> None:
        """Take a chunk of it; an empty one says that there are no data in the whole range."""
        if self._beside:
            ledger.learn_beside(self._beside, matrix)
        else:
            ledger.learn(matrix)
        newest = float(matrix.times[-1]) if len(matrix.times) else need.end.timestamp()
        self._read_to = datetime.fromtimestamp(newest, UTC)


def _aligned(at: datetime) -> datetime:
    return at - (at - _EPOCH) % _COARSE
