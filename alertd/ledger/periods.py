"""Budget periods: calendar periods in a time zone, and windows that roll. Where one ends the next begins.

Days, weeks and months begin at local midnight, or at the first moment of a day that has no midnight: a day has 23 or 25
hours where clocks change.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from alertd.duration import parse_duration

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_HOUR = timedelta(hours=1)
_ROLLING = re.compile(r"rolling\s+(\S+)")


class PeriodKind(StrEnum):
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    ROLLING = "rolling"


_MONTHS = {PeriodKind.MONTH: 1, PeriodKind.QUARTER: 3, PeriodKind.YEAR: 12}


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time: `start` belongs to it, `end` does not. Both UTC-aware."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Which period a moment belongs to.

    week_start    0 is Monday
    billing_day   day on which months, quarters and years begin; in a shorter month its last day (31: Jan 31, Feb 28, Mar 31)
    rolling       length of the window of PeriodKind.ROLLING; it ends at the moment itself
    """

    kind: PeriodKind
    zone: ZoneInfo = ZoneInfo("UTC")  # noqa: RUF009 - immutable
    week_start: int = 0
    billing_day: int = 1
    rolling: timedelta = timedelta()

    def period(self, at: datetime) -> Span:
        """The period `at` lies in; of a rolling window the one that ends at `at`."""
        match self.kind:
            case PeriodKind.ROLLING:
                return Span(at - self.rolling, at)
            case PeriodKind.HOUR:
                return self.hour(at)
            case PeriodKind.DAY:
                return self.day(at)
            case PeriodKind.WEEK:
                today = at.astimezone(self.zone).date()
                first = today - timedelta(days=(today.weekday() - self.week_start) % 7)
                return Span(self._midnight(first), self._midnight(first + timedelta(days=7)))
            case PeriodKind.MONTH | PeriodKind.QUARTER | PeriodKind.YEAR:
                return self._months(at, _MONTHS[self.kind])

    def periods(self, times: Iterable[float]) -> Iterator[Span]:
        """The period of each of these moments, which rise (Unix seconds)."""
        span: Span | None = None
        for time in times:
            at = datetime.fromtimestamp(time, UTC)
            if span is None or at >= span.end or self.kind is PeriodKind.ROLLING:
                span = self.period(at)
            yield span

    def day(self, at: datetime) -> Span:
        """The local day `at` lies in."""
        today = at.astimezone(self.zone).date()
        return Span(self._midnight(today), self._midnight(today + timedelta(days=1)))

    def hour(self, at: datetime) -> Span:
        """The hour `at` lies in; hours begin when a clock without summer time says :00, so that they never overlap."""
        local = at.astimezone(self.zone)
        offset = (local.utcoffset() or timedelta()) - (local.dst() or timedelta())
        start = at.astimezone(UTC) - (at - _EPOCH + offset) % _HOUR
        return Span(start, start + _HOUR)

    def _months(self, at: datetime, months: int) -> Span:
        today = at.astimezone(self.zone).date()
        month = today.year * 12 + today.month - 1
        if today < self._anchor(month):
            month -= 1
        first = month - month % months
        return Span(self._midnight(self._anchor(first)), self._midnight(self._anchor(first + months)))

    def _anchor(self, month: int) -> date:
        """First day of the period that begins in month `month`, counted from year 0."""
        year, index = divmod(month, 12)
        return date(year, index + 1, min(self.billing_day, monthrange(year, index + 1)[1]))

    def _midnight(self, day: date) -> datetime:
        # fold=0: of a midnight that comes twice the first, of one that does not come at all the moment it is skipped at.
        return datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(UTC)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_period(text: str) -> tuple[PeriodKind, timedelta]:
    """`month` or `rolling 30d` as a kind and, of a rolling window, its length; raises ValueError."""
    if match := _ROLLING.fullmatch(text.strip()):
        length = parse_duration(match[1])
        if length < _HOUR:
            raise ValueError("a rolling window must be at least 1h")
        return PeriodKind.ROLLING, length
    calendar = [kind.value for kind in PeriodKind if kind is not PeriodKind.ROLLING]
    if text not in calendar:
        raise ValueError(f"must be one of {', '.join(calendar)}, or rolling and a duration, such as rolling 30d")
    return PeriodKind(text), timedelta()
