"""`projection:` of a rule: what is projected, onto which limit, and how sure one must be before anybody is told.

projection: {spend: aigateway_cost_usd_total, by: [tenant], limit: 1000, unit: USD, period: month, confidence: 80%}
projection: {value: "node_filesystem_used_bytes / node_filesystem_size_bytes", limit: 0.95, within: 30d}
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from alertd.ledger.periods import Calendar, PeriodKind, Span
from alertd.rules.budget_settings import BudgetSettings
from alertd.rules.projection_period import Planned
from alertd.rules.spend_settings import SpendSettings
from alertd.settings import Duration, Settings, Share

CLEAR = 0.5
"""An alert that fires goes on while passing the limit is at least this probable."""

_WITH_A_PERIOD = (
    *("period", "timezone", "week_start", "billing_day", "planned", "fixed", "min_history"),
    *("cache", "weights", "token_labels"),
)
_WITH_A_TREND = ("within", "history")


class PlannedSettings(Settings):
    """Something that is known to come: a load test, a launch, a holiday, a fee."""

    from_: date | datetime = Field(alias="from", description="a day, or a moment with its offset from UTC")
    to: date | datetime = Field(description="the last day, or the moment it ends")
    factor: float | None = Field(None, ge=0, description="how many times as much as usual comes in that time")
    amount: float | None = Field(None, description="what comes in that time on top")

    @field_validator("from_", "to", mode="before")
    @classmethod
    def _moment(cls, value: Any) -> Any:
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value) if "T" in value or " " in value else date.fromisoformat(value)
            except ValueError:
                raise ValueError("must be a day such as 2026-03-24, or a moment such as 2026-03-24T09:00:00Z") from None
        if isinstance(value, datetime) and value.tzinfo is None:
            raise ValueError("a moment needs its offset from UTC, such as 2026-03-24T09:00:00Z")
        return value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.factor is None) == (self.amount is None):
            raise ValueError("give either factor or amount")
        return self

    def planned(self, calendar: Calendar) -> Planned:
        """With days from midnight to midnight of the calendar's zone; raises ValueError when nothing lies between."""
        span = Span(_day_or_moment(self.from_, calendar).start, _day_or_moment(self.to, calendar).end)
        if span.length <= timedelta():
            raise ValueError("to must not be before from")
        return Planned(span, 1.0 if self.factor is None else self.factor, self.amount or 0.0)


def _day_or_moment(value: date | datetime, calendar: Calendar) -> Span:
    if isinstance(value, datetime):
        return Span(value.astimezone(UTC), value.astimezone(UTC))
    return calendar.day(datetime.combine(value, time(12), tzinfo=calendar.zone))


class ProjectionSettings(SpendSettings):
    """What is projected: the spend of a period (`spend`, `tokens`), or a value that grows (`value`)."""

    value: str = Field("", description="PromQL of a value that may reach the limit")
    confidence: Share = Field(0.8, description="how probable it must be that the limit is passed")
    min_history: Duration = Field(timedelta(days=3), description="history that a forecast needs at least")
    planned: tuple[PlannedSettings, ...] = Field((), description="what is known to come")
    fixed: float = Field(0.0, ge=0, description="amount of every period that the counter does not count")
    within: Duration = Field(timedelta(days=30), gt=timedelta(0), description="with value: how far to look ahead")
    history: Duration | None = Field(None, description="with value: how far to look back; twice `within` by default")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        what = [name for name in ("spend", "tokens", "value") if getattr(self, name)]
        if len(what) != 1:
            raise ValueError("give exactly one of spend, tokens, value")
        foreign = _WITH_A_PERIOD if self.value else _WITH_A_TREND
        if found := [name for name in foreign if name in self.model_fields_set]:
            raise ValueError(f"{', '.join(found)} cannot go with {what[0]}")
        if not 0.5 <= self.confidence < 1:
            raise ValueError("confidence must be at least 50% and less than 100%")
        calendar = self.calendar()
        if calendar.kind is PeriodKind.ROLLING:
            raise ValueError("a rolling window never ends, so nothing can be projected to its end: name a period")
        for one in self.planned:
            one.planned(calendar)
        return self

    def as_budget(self) -> BudgetSettings:
        """The budget that is projected, without anything to tell of."""
        common = {name: getattr(self, name) for name in SpendSettings.model_fields}
        return BudgetSettings.model_construct(**common, thresholds=())

    @property
    def look_back(self) -> timedelta:
        """How far a trend looks back."""
        return self.history or 2 * self.within
