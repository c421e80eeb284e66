"""What rules about money and tokens have in common: whose spend is counted, over which period, and what its limit is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema

from alertd.labels import LabelSet
from alertd.ledger.periods import WEEKDAYS, Calendar, parse_period
from alertd.query.batch import F64, SeriesBatch
from alertd.settings import Settings, TimeZone

DEFAULT = "default"
_JOINED = "/"


class LimitQuery(Settings):
    """A limit that Prometheus knows."""

    query: str = Field(description="PromQL; its series carry the labels of `by`")


def _limit(value: Any) -> Any:
    if isinstance(value, Mapping):
        return LimitQuery.model_validate(value) if set(value) == {"query"} else dict(value)
    return value


def _positive(value: Any) -> Any:
    amounts = value.values() if isinstance(value, Mapping) else () if isinstance(value, LimitQuery) else (value,)
    if not all(amount > 0 for amount in amounts):
        raise ValueError("a limit must be greater than 0")
    return value


Limit = Annotated[
    float | dict[str, float] | LimitQuery,
    BeforeValidator(_limit),
    AfterValidator(_positive),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0},
                {"type": "object", "additionalProperties": {"type": "number", "exclusiveMinimum": 0}},
                {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]},
            ]
        }
    ),
]
"""A number for everybody; a table by the value of the label in `by` (of several: `a/b`) with `default`; or a query."""


def _period(value: Any) -> str:
    parse_period(str(value))
    return str(value).strip()


Period = Annotated[
    str,
    BeforeValidator(_period),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "examples": ["month", "day", "rolling 30d"]}),
]


class PeriodSettings(Settings):
    """Which period an amount is counted in."""

    period: Period = Field("month", description="hour, day, week, month, quarter, year, or such as rolling 30d")
    timezone: TimeZone = Field(UTC, description="whose midnight a period begins at")
    week_start: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = "monday"
    billing_day: int = Field(1, ge=1, le=31, description="day on which months, quarters and years begin")

    def calendar(self) -> Calendar:
        """The periods these settings describe."""
        kind, rolling = parse_period(self.period)
        return Calendar(
            kind=kind,
            zone=_zone(self.timezone),
            week_start=WEEKDAYS.index(self.week_start),
            billing_day=self.billing_day,
            rolling=rolling,
        )


def _zone(zone: tzinfo) -> ZoneInfo:
    return zone if isinstance(zone, ZoneInfo) else ZoneInfo("UTC")


def limits_of(
    limit: float | Mapping[str, float] | LimitQuery,
    by: Sequence[str],
    scopes: Sequence[LabelSet],
    answers: Mapping[str, SeriesBatch],
) -> F64:
    """[scopes] the limit of each; NaN where it has none.

    answers   what the queries of the slot said, by PromQL
    """
    if isinstance(limit, LimitQuery):
        answer = answers.get(limit.query)
        known = {} if answer is None else {labels.only(by): value for labels, value in answer.samples()}
        return np.array([known.get(scope, np.nan) for scope in scopes], dtype=float)
    if isinstance(limit, Mapping):
        everybody = limit.get(DEFAULT, np.nan)
        names = (_JOINED.join(scope.get(name) for name in by) for scope in scopes)
        return np.array([limit.get(name, everybody) for name in names], dtype=float)
    return np.full(len(scopes), limit)
