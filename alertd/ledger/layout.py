"""`Layout`: what a ledger tells apart, and which line of it a raw series belongs to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from alertd.labels import LabelSet
from alertd.ledger.flow import Line
from alertd.ledger.periods import Calendar

_OVERLAPPING = ("reasoning", "total")  # tokens that other kinds count too


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLabels:
    """Where a token counter says what it counted.

    kind, model, provider   label names in the order in which they are looked for
    kinds                   the label's values -> input, output, cache_read, cache_write, reasoning, total
    """

    kind: tuple[str, ...]
    model: tuple[str, ...]
    provider: tuple[str, ...]
    kinds: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What a ledger tells apart. A ledger that was saved under another layout is of no use.

    metric     the counter, as it is asked for
    unit       what spend is counted in
    by         labels whose values make a scope
    drilldown  label whose values are told apart within a scope, "" for none
    """

    metric: str
    by: tuple[str, ...]
    calendar: Calendar
    unit: str = ""
    drilldown: str = ""
    tokens: TokenLabels | None = None

    @property
    def key(self) -> str:
        """Equal for equal layouts."""
        tokens = self.tokens and (
            self.tokens.kind,
            self.tokens.model,
            self.tokens.provider,
            sorted(self.tokens.kinds.items()),
        )
        calendar = self.calendar
        period = (calendar.kind.value, calendar.zone.key, calendar.week_start, calendar.billing_day, calendar.rolling)
        return repr((self.metric, self.unit, self.by, self.drilldown, tokens, period))

    def line(self, series: LabelSet, number: Callable[[LabelSet], int]) -> Line | None:
        """The line of what is spent; None of tokens that are counted as others, too.

        number   of a scope, which may be new
        """
        if self.tokens is None:
            return self.quantity_line(series, number)
        said = _first(series, self.tokens.kind)
        kind = self.tokens.kinds.get(said, said)
        if kind in _OVERLAPPING:
            return None
        model, provider = _first(series, self.tokens.model), _first(series, self.tokens.provider)
        return Line(number(series.only(self.by)), self._part(series) or model, kind, model, provider)

    def quantity_line(self, series: LabelSet, number: Callable[[LabelSet], int]) -> Line:
        """The line of a further counter."""
        return Line(number(series.only(self.by)), self._part(series))

    def _part(self, series: LabelSet) -> str:
        return series.get(self.drilldown) if self.drilldown else ""


def _first(series: LabelSet, names: Sequence[str]) -> str:
    return next((value for name in names if (value := series.get(name))), "")
