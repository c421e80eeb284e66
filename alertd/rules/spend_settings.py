"""What rules about money and tokens have in common: what is counted, for whom, in which period, and what the limit is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

import numpy as np
from pydantic import BeforeValidator, Field, field_validator, model_validator

from alertd.labels import LabelSet
from alertd.ledger.layout import TokenLabels
from alertd.ledger.periods import WEEKDAYS, Calendar, parse_period
from alertd.query.batch import F64
from alertd.query.promql import parse
from alertd.settings import Settings

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

_SELECTOR = 'must be the name of a counter, with or without matchers: tokens_total{type="input"}'


def is_selector(text: str) -> bool:
    """Whether `text` is a plain instant selector."""
    tree = parse(text)
    return tree is not None and type(tree).__name__ == "VectorSelector" and tree.offset is None and tree.at is None


def check_counter(value: str) -> str:
    """`value`, which is empty or a selector; raises ValueError."""
    if value and not is_selector(value):
        raise ValueError(_SELECTOR)
    return value


class LimitQuery(Settings):
    """Limits that a query answers, one series per scope."""

    query: str = Field(min_length=1, description="PromQL; its labels are those of `by`")


class LabelNames(Settings):
    """Where a token counter says what it counted; of several labels the first that is there."""

    kind: tuple[str, ...] = Field(
        default=("gen_ai_token_type", "token_type", "type"), description="labels that hold the kind of token"
    )
    model: tuple[str, ...] = Field(
        default=("gen_ai_response_model", "gen_ai_request_model", "model", "ai_model", "model_name"),
        description="labels that hold the model",
    )
    provider: tuple[str, ...] = Field(
        default=("gen_ai_provider_name", "gen_ai_system", "provider", "ai_provider", "api_provider"),
        description="labels that hold the provider",
    )
    kinds: dict[str, str] = Field(
        default_factory=dict, description="further values of the kind label -> input, output, ..."
    )

    def as_token_labels(self) -> TokenLabels:
        return TokenLabels(kind=self.kind, model=self.model, provider=self.provider, kinds={**KINDS, **self.kinds})


Limit = float | dict[str, float] | LimitQuery


def _limit(value: Any) -> Any:
    if isinstance(value, Mapping):
        return LimitQuery.model_validate(value) if "query" in value else value
    return float(value)


class SpendSettings(Settings):
    """What is counted, for whom, against which limit, in which period."""

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
    week_start: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = Field(
        default="monday", description="day on which weeks begin"
    )
    billing_day: int = Field(default=1, ge=1, le=31, description="day on which months, quarters and years begin")
    cache: Literal["included", "separate", "by_provider"] | None = Field(
        default=None, description="whether cached tokens are among the input tokens too"
    )
    weights: dict[str, float] = Field(
        default_factory=dict, description="of tokens that are not priced: how much of a token each kind counts"
    )
    token_labels: LabelNames = Field(
        default=LabelNames(), description="labels of the counter that say what was counted"
    )

    @field_validator("spend", "tokens")
    @classmethod
    def _counter(cls, value: str) -> str:
        return check_counter(value)

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

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if bool(self.spend) == bool(self.tokens):
            raise ValueError("give either spend or tokens")
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


def limits_of(
    limit: Limit, by: Sequence[str], scopes: Sequence[LabelSet], *, answered: Mapping[LabelSet, float]
) -> F64:
    """[scopes] the limit of each; NaN where it has none.

    answered   what the query of a `LimitQuery` said, by scope
    """
    if isinstance(limit, LimitQuery):
        return np.array([answered.get(scope, np.nan) for scope in scopes], dtype=float)
    if isinstance(limit, dict):
        rest = limit.get("default", np.nan)
        names = ("/".join(scope.get(name) for name in by) for scope in scopes)
        return np.array([limit.get(name, rest) for name in names], dtype=float)
    return np.full(len(scopes), limit)
