"""What `$alert` says of an anomaly: what was expected, what decided, since when, and what it comes to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from alertd.detect import Ruling, Slot
from alertd.labels import LabelSet
from alertd.labels.labelset import METRIC_NAME
from alertd.rules.anomaly_settings import AnomalySettings
from alertd.template.humanize import humanize

_GUARDS: Mapping[Ruling, str] = {
    Ruling.STRENGTH: "how unusual it is for this series (k)",
    Ruling.MIN_CHANGE: "the share of the expected value (min_change)",
    Ruling.MIN_VALUE: "the size of the deviation (min_value)",
    Ruling.SPARSE: "the bursts this series has had before",
    Ruling.SLOW: "what the last 24 hours brought together (slow)",
    Ruling.POOLED: "what the rule's other series have; this one is too young for a past of its own",
}
"""In words, by the condition that decided: the one that was met with the least margin."""

_PER_SECOND = "/s"
_BEFORE_THE_NUMBER = {"USD": "$", "EUR": "€", "GBP": "£"}


@dataclass(frozen=True, slots=True)
class Witness:
    """Puts what the detector says of one row into words and numbers.

    unit  of the rule's values
    """

    settings: AnomalySettings
    unit: str

    def impact(self, slot: Slot, row: int) -> float:
        """What the excess since the event's beginning comes to; in the unit of `price`, else of the values, less its `/s`."""
        price = self.settings.price
        return float(slot.excess[row]) * (1.0 if price is None else price.value)

    def evidence(self, slot: Slot, row: int) -> dict[str, object]:
        """`$alert` of the series in `row`: what is not known is left out."""
        numbers = {"Score": float(slot.score[row]), "Impact": self.impact(slot, row), "K": slot.k}
        if slot.ruling[row] != Ruling.POOLED:
            numbers |= _band(slot, row)
        return {
            **{name: number for name, number in numbers.items() if math.isfinite(number)},
            "Unit": self.unit,
            "Since": _time(float(slot.since[row])).isoformat() if math.isfinite(slot.since[row]) else "",
            "Guard": _GUARDS.get(Ruling(int(slot.ruling[row])), ""),
            "Summary": self.summary(slot, row),
        }

    def summary(self, slot: Slot, row: int) -> str:
        """`12.4k tok/s, expected 3.1k (2.2k to 4.4k), since 12:05, +$12.40`."""
        parts = [self.value(slot, row), self._expected(slot, row)]
        if slot.ruling[row] == Ruling.SLOW:
            parts.append(f"slow: 24h total {slot.multiple[row]:.1f} x usual")
        if math.isfinite(slot.since[row]):
            parts.append(f"since {self._clock(float(slot.since[row]), slot.at)}")
            parts.append(self.amount(self.impact(slot, row)))
        return ", ".join(part for part in parts if part)

    def adopted(self, slot: Slot, row: int) -> dict[str, object]:
        """What is said, once, of a deviation that came to stay."""
        since = self._clock(float(slot.since[row]), slot.at)
        text = f"{self.value(slot, row)} is the new normal, since {since}; {humanize(float(slot.expected[row]))} was expected"
        return {"Summary": text, "Guard": "it lasted for adopt_after and is the new level"}

    def of_group(
        self, slot: Slot, *, since: float, count: int, series: int, worst: tuple[LabelSet, int] | None
    ) -> dict[str, object]:
        """`$alert` of a group event; worst: the series that is most unlike itself, with its row."""
        text = f"{count} of {series} series are anomalous since {self._clock(since, slot.at)}, one cause is likely"
        if worst is not None:
            text += f"; most of all {worst[0].without(METRIC_NAME)!r}: {self.value(slot, worst[1])}, {self._expected(slot, worst[1])}"
        return {"Unit": "series", "Since": _time(since).isoformat(), "Guard": "group event", "Summary": text}

    def value(self, slot: Slot, row: int) -> str:
        """The value with its unit."""
        return f"{humanize(float(slot.value[row]))} {self.unit}".rstrip()

    def amount(self, impact: float) -> str:
        """An impact with sign and unit; empty where nothing says what it would be an amount of."""
        price, least = self.settings.price, self.settings.min_impact
        unit = price.unit if price else least.unit if least else self.unit.removesuffix(_PER_SECOND)
        if price is None and least is None and not self.unit.endswith(_PER_SECOND):
            return ""
        sign, size = ("-" if impact < 0 else "+"), abs(impact)
        if unit in _BEFORE_THE_NUMBER:
            return f"{sign}{_BEFORE_THE_NUMBER[unit]}{size:,.2f}"
        return f"{sign}{humanize(size)} {unit}".rstrip()

    def _expected(self, slot: Slot, row: int) -> str:
        if slot.ruling[row] == Ruling.POOLED:
            return "more than 99.9% of what the rule's other series have had"
        expected, lower, upper = (float(array[row]) for array in (slot.expected, slot.lower, slot.upper))
        if not math.isfinite(expected):
            return ""
        match math.isfinite(lower), math.isfinite(upper):
            case True, True:
                band = f" ({humanize(lower)} to {humanize(upper)})"
            case False, True:
                band = f" (at most {humanize(upper)})"
            case True, False:
                band = f" (at least {humanize(lower)})"
            case _:
                band = ""
        return f"expected {humanize(expected)}{band}"

    def _clock(self, since: float, now: float) -> str:
        """`12:05`; with the day where that is another one."""
        zone: tzinfo = self.settings.timezone
        began, today = _time(since).astimezone(zone), _time(now).astimezone(zone)
        return f"{began:%H:%M}" if began.date() == today.date() else f"{began:%d %b %H:%M}"


def _band(slot: Slot, row: int) -> dict[str, float]:
    """What was expected, and the bound the value has passed."""
    value, expected = float(slot.value[row]), float(slot.expected[row])
    lower, upper = float(slot.lower[row]), float(slot.upper[row])
    return {"Threshold": lower if value < expected else upper, "Expected": expected, "Lower": lower, "Upper": upper}


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
