"""`budget:` of a rule.

budget: {spend: aigateway_cost_usd_total, by: [tenant], limit: 1000, period: month, thresholds: [50%, 80%, 100%]}
budget: {tokens: gen_ai_client_token_usage_sum, limit: 50000000, period: day}                    # counted in tokens
budget: {tokens: gen_ai_client_token_usage_sum, unit: USD, by: [team], limit: {a: 100, default: 20}}   # priced
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, field_validator, model_validator

from alertd.ledger.ledger import TokenLabels
from alertd.ledger.periods import WEEKDAYS, Calendar, parse_period
from alertd.query.promql import parse
from alertd.settings import Duration, Settings

DOLLARS = "USD"
TOKENS = "tokens"

KINDS = {
    **dict.fromkeys(("input", "prompt", "prompt_tokens"), "input"),
    **dict.fromkeys(("output", "completion", "completion_tokens"), "output"),
    **dict.fromkeys(("input_cache_read", "cached_input", "cache_read", "cached"), "cache_read"),
    **dict.fromkeys(("input_cache_write", "cache_creation_input", "cache_creation", "cache_write"), "cache_write"),
    "reasoning": "reasoning",
    **dict.fromkeys(("total", "total_tokens"), "total"),
}
"""What gateways call the kinds of tokens."""

_PERCENT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*%")
_SELECTOR = 'must be the name of a counter, with or without matchers: tokens_total{type="input"}'


def is_selector(text: str) -> bool:
    """Whether `text` is a plain instant selector."""
    tree = parse(text)
    return tree is not None and type(tree).__name__ == "VectorSelector" and tree.offset is None and tree.at is None


class StepSettings(Settings):
    """One step of the ladder."""

    at: str = Field(description="share of the limit, such as 80%")
    labels: dict[str, str] = Field(
        default_factory=dict, description="labels of this step's alerts, over the rule's own"
    )

    @field_validator("at")
    @classmethod
    def _percent(cls, value: str) -> str:
        match = _PERCENT.fullmatch(value.strip())
        if match is None or float(match[1]) <= 0:
            raise ValueError("must be a percentage, such as 80%")
        return f"{float(match[1]):g}%"

    @property
    def share(self) -> float:
        """0.8 of 80%."""
        return float(self.at.removesuffix("%")) / 100


class BurnSettings(Settings):
    """A burn rate alert: the budget is used `factor` times as fast as it lasts, over both windows."""

    long: Duration
    short: Duration
    factor: float = Field(gt=0)
    severity: str = Field(default="", description="label severity of its alerts, over the rule's own")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not timedelta(0) < self.short < self.long:
            raise ValueError("short must be shorter than long")
        return self


class LimitQuery(Settings):
    """Limits that a query answers, one series per scope."""

    query: str = Field(min_length=1, description="PromQL; its labels are those of `by`")


class LabelNames(Settings):
    """Where a token counter says what it counted; of several labels the first that is there."""

    kind: tuple[str, ...] = ("gen_ai_token_type", "token_type", "type")
    model: tuple[str, ...] = ("gen_ai_response_model", "gen_ai_request_model", "model", "ai_model", "model_name")
    provider: tuple[str, ...] = ("gen_ai_provider_name", "gen_ai_system", "provider", "ai_provider", "api_provider")
    kinds: dict[str, str] = Field(
        default_factory=dict, description="further values of the kind label -> input, output, ..."
    )

    def as_token_labels(self) -> TokenLabels:
        return TokenLabels(kind=self.kind, model=self.model, provider=self.provider, kinds={**KINDS, **self.kinds})


def _step(value: Any) -> Any:
    return {"at": value} if isinstance(value, str) else value


Limit = float | dict[str, float] | LimitQuery


def _limit(value: Any) -> Any:
    if isinstance(value, Mapping):
        return LimitQuery.model_validate(value) if "query" in value else value
    return float(value)


class BudgetSettings(Settings):
    """What is counted, for whom, against which limit, in which period, and who is told when."""

    spend: str = Field(default="", description="counter of what was spent")
    tokens: str = Field(default="", description="counter of tokens; with unit USD they are priced")
    by: tuple[str, ...] = Field(
        default=(), description="labels whose values have a budget each; none: one budget for all"
    )
    limit: Annotated[Limit, BeforeValidator(_limit)] = Field(
        description="a number; or one per scope, values of `by` joined with /, and default; or {query: PromQL}"
    )
    unit: str = Field(default="", description="USD, tokens, ...; default: USD of spend, tokens of tokens")
    period: str = Field(default="month", description="hour, day, week, month, quarter, year, or rolling 30d")
    timezone: str = Field(default="UTC", description="IANA name of the time zone periods begin in")
    week_start: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = "monday"
    billing_day: int = Field(default=1, ge=1, le=31, description="day on which months, quarters and years begin")
    thresholds: tuple[Annotated[StepSettings, BeforeValidator(_step)], ...] = Field(
        default=(StepSettings(at="50%"), StepSettings(at="80%"), StepSettings(at="100%")),
        description="shares of the limit; each is told once per scope and period, with the label budget_threshold",
    )
    burn_rate: bool | tuple[BurnSettings, ...] = Field(
        default=False, description="alerts on spending too fast: true, or a list of {long, short, factor, severity}"
    )
    drilldown: str = Field(
        default="", description="label whose values are named as who spent it; default: the model of tokens"
    )
    requests: str = Field(default="", description="counter of requests, for the share that reported no usage")
    usage_missing: str = Field(default="", description="counter of requests that reported no usage")
    cache: Literal["included", "separate", "by_provider"] | None = Field(
        default=None, description="whether cached tokens are among the input tokens too"
    )
    weights: dict[str, float] = Field(
        default_factory=dict, description="of tokens that are not priced: how much of a token each kind counts"
    )
    token_labels: LabelNames = LabelNames()

    @field_validator("spend", "tokens", "requests", "usage_missing")
    @classmethod
    def _counter(cls, value: str) -> str:
        if value and not is_selector(value):
            raise ValueError(_SELECTOR)
        return value

    @field_validator("limit")
    @classmethod
    def _positive(cls, value: Limit) -> Limit:
        numbers = value.values() if isinstance(value, dict) else [value] if isinstance(value, float) else []
        if any(not 0 < number < float("inf") for number in numbers):
            raise ValueError("a limit must be greater than 0")
        return value

    @field_validator("period")
    @classmethod
    def _period(cls, value: str) -> str:
        parse_period(value)
        return value

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, OSError, ValueError):
            raise ValueError(f'there is no time zone "{value}"; give an IANA name, such as Europe/Berlin') from None
        return value

    @field_validator("thresholds")
    @classmethod
    def _different(cls, value: tuple[StepSettings, ...]) -> tuple[StepSettings, ...]:
        if len({step.at for step in value}) < len(value):
            raise ValueError("a threshold is given twice")
        return tuple(sorted(value, key=lambda step: step.share))

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if bool(self.spend) == bool(self.tokens):
            raise ValueError("give either spend or tokens")
        if bool(self.requests) != bool(self.usage_missing):
            raise ValueError("requests and usage_missing belong together")
        return self

    @property
    def metric(self) -> str:
        """The counter."""
        return self.spend or self.tokens

    def calendar(self) -> Calendar:
        kind, rolling = parse_period(self.period)
        return Calendar(
            kind=kind,
            zone=ZoneInfo(self.timezone),
            week_start=WEEKDAYS.index(self.week_start),
            billing_day=self.billing_day,
            rolling=rolling,
        )
