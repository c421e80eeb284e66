"""What a budget's alerts say: the fields of `$alert`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np

from alertd.ledger.drivers import split_change, top_drivers
from alertd.ledger.ledger import Ledger
from alertd.ledger.periods import PeriodKind, Span
from alertd.rules.budget_burn import Burn
from alertd.rules.budget_quality import Quality, qualities, short_count
from alertd.rules.budget_settings import BudgetSettings
from alertd.rules.budget_standing import Standing
from alertd.rules.spend_settings import DOLLARS


class Evidence:
    """Evidence of one slot; what costs time is made at the first alert that asks for it."""

    def __init__(self, settings: BudgetSettings, ledger: Ledger, standing: Standing) -> None:
        self._settings = settings
        self._ledger = ledger
        self._unit = standing.unit
        self.period = standing.period
        self.spent = standing.spent
        self.limits = standing.limits
        self.at = standing.at
        self.scopes = standing.scopes
        self._known = standing.known
        self._qualities: list[Quality] | None = None
        self._told: dict[int, Mapping[str, object]] = {}

    def of(self, row: int) -> Mapping[str, object]:
        """Of a scope's alerts.

        Spend Limit Percent(0 to 100 and more) Unit; PeriodStart PeriodEnd (times in the budget's zone); Completeness (0 to 1)
        CompleteFrom Imputed; Drivers (text, who spent most) Change (text, why it differs from the last period); Unpriced
        (text) UsageMissing (0 to 1); Caveats (text, empty when the spend is known)
        """
        if row in self._told:
            return self._told[row]
        quality, zone = self._quality(row), self._ledger.layout.calendar.zone
        spent, limit = float(self.spent[row]), float(self.limits[row])
        since = self._known.complete_from
        self._told[row] = {
            "Spend": spent,
            "Limit": limit,
            "Percent": 100 * spent / limit,
            "Unit": self._unit,
            "PeriodStart": self.period.start.astimezone(zone),
            "PeriodEnd": self.period.end.astimezone(zone),
            "Completeness": self._known.share,
            "CompleteFrom": since.astimezone(zone) if since else "",
            "Imputed": float(self._known.imputed[row]),
            "Drivers": self._drivers(row),
            "Change": self._change(row),
            "Unpriced": ", ".join(quality.unpriced),
            "UsageMissing": quality.usage_missing or 0.0,
            "Caveats": quality.caveats(self._known),
        }
        return self._told[row]

    def burning(self, row: int, burn: Burn) -> Mapping[str, object]:
        """Further fields of burn rate alerts: Burn, which is above Factor, over Window; Threshold; ExhaustedAt, where it is ahead and within the period."""
        length = burn.window.long
        rate = float(self._ledger.spent(Span(self.at - length, self.at))[row]) / length.total_seconds()
        left = float(self.limits[row] - self.spent[row])
        seconds = left / rate if rate > 0 else np.inf
        exhausted = self.at.timestamp() + seconds
        fields: dict[str, object] = {
            "Burn": float(burn.rates[row]),
            "Factor": burn.window.factor,
            "Window": burn.label,
            "Threshold": float(self.limits[row]),
        }
        if left > 0 and exhausted < self.period.end.timestamp():
            fields["ExhaustedAt"] = datetime.fromtimestamp(exhausted, self._ledger.layout.calendar.zone)
        return fields

    def _quality(self, row: int) -> Quality:
        if self._qualities is None:
            requests, missing = self._settings.requests, self._settings.usage_missing
            self._qualities = qualities(self._ledger, requests=requests, missing=missing)
        return self._qualities[row]

    def _drivers(self, row: int) -> str:
        lines, sums, _ = self._ledger.lines()
        mine = self._ledger.lines_of(row)
        found = top_drivers([lines[number] for number in mine.tolist()], sums.value[mine])
        return ", ".join(f"{one.part} {one.share:.0%} ({self._money(one.amount)})" for one in found if one.part)

    def _change(self, row: int) -> str:
        """Against the last period, per day; of rolling windows and in the first period nothing."""
        _, now, before = self._ledger.lines()
        mine = self._ledger.lines_of(row)
        calendar = self._ledger.layout.calendar
        elapsed = (self.at - self.period.start).total_seconds()
        if calendar.kind is PeriodKind.ROLLING or elapsed <= 0 or not len(mine):
            return ""
        # Of a counter of money nobody knows the quantities: then there is no price to speak of.
        if not self._settings.tokens or before.quantity[mine].sum() <= 0:
            return ""
        last = calendar.period(self.period.start - _TICK)
        days, days_before = elapsed / _DAY, last.length.total_seconds() / _DAY
        change = split_change(
            before.quantity[mine] / days_before, before.value[mine] / days_before,
            now.quantity[mine] / days, now.value[mine] / days,
        )  # fmt: skip
        parts = (("volume", change.volume), ("mix", change.mix), ("price", change.price))
        told = ", ".join(f"{name} {amount:+,.2f}" for name, amount in parts if abs(amount) >= 0.005)
        return f"{self._unit} a day against the last period: {told}" if told else ""

    def _money(self, amount: float) -> str:
        return f"${amount:,.2f}" if self._unit == DOLLARS else short_count(amount)


_DAY = 86_400.0
_TICK = timedelta(microseconds=1)
