"""`anomaly:` of a rule: how unusual a value must be for its own series, and from what size on that counts.

anomaly: {method: seasonal, min_change: 25%, min_value: 1000, min_impact: 5 USD, price: 3 USD per 1M, points: 2 of 3}
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema, field_validator, model_validator

from alertd.detect import DetectorSettings, Direction, MethodName, Season
from alertd.settings import Duration, Settings, Share, TimeZone

MOST_POINTS = 16
_DEFAULTS = DetectorSettings()
_DAY = timedelta(days=1)
_POINTS = re.compile(r"(\d+)\s+of\s+(\d+)")
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)(?:\s*([A-Za-z$€£¥]+))?")
_PRICE = re.compile(rf"{_AMOUNT.pattern}\s+per\s+(\d+(?:\.\d+)?)\s*([kMG]?)")
_THOUSANDS = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with its unit: `5 USD`."""

    value: float
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.value:g} {self.unit}".rstrip()


def _points(value: Any) -> tuple[int, int]:
    if isinstance(value, tuple):
        return value
    match = _POINTS.fullmatch(str(value).strip())
    least, of = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= least <= of <= MOST_POINTS:
        raise ValueError(
            f"must be such as 2 of 3: that many anomalous points of the newest ones, at most {MOST_POINTS}"
        )
    return least, of


def _amount(value: Any) -> Amount:
    if isinstance(value, Amount):
        return value
    match = _AMOUNT.fullmatch(str(value).strip())
    if match is None:
        raise ValueError("must be an amount with its unit, such as 5 USD")
    return Amount(float(match[1]), match[2] or "")


def _price(value: Any) -> Amount:
    if isinstance(value, Amount):
        return value
    match = _PRICE.fullmatch(str(value).strip())
    if match is None or not float(match[3]):
        raise ValueError("must be an amount per count, such as 3 USD per 1M")
    return Amount(float(match[1]) / (float(match[3]) * _THOUSANDS[match[4]]), match[2] or "")


Points = Annotated[
    tuple[int, int],
    BeforeValidator(_points),
    PlainSerializer(lambda points: f"{points[0]} of {points[1]}"),
    WithJsonSchema({"type": "string", "pattern": r"^\d+ of \d+$", "examples": ["2 of 3"]}),
]
AmountText = Annotated[
    Amount,
    BeforeValidator(_amount),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "examples": ["5 USD"]}),
]
PriceText = Annotated[
    Amount,
    BeforeValidator(_price),
    PlainSerializer(lambda price: f"{price.value * 1e6:g} {price.unit}".rstrip() + " per 1M"),
    WithJsonSchema({"type": "string", "examples": ["3 USD per 1M"]}),
]


class AnomalySettings(Settings):
    """How the series of one rule are judged."""

    method: MethodName = Field(
        "seasonal",
        description="sigma (rolling mean and standard deviation), ewma, robust (median and MAD), or seasonal",
    )
    k: float | None = Field(
        None, gt=0, description="how many standard deviations, or their equal in rarity, make a point anomalous"
    )
    false_alerts_per_week: float | None = Field(
        None, gt=0, description="instead of k: as many alerts of this rule without a cause, and alertd sets k"
    )
    window: Duration = Field(
        _DEFAULTS.window, description="how far back sigma and robust look; the time constant of ewma"
    )
    season: Season = Field("auto", description="of seasonal: which cycle the values follow; auto decides per series")
    slow: float = Field(
        _DEFAULTS.slow,
        ge=0,
        description="of seasonal: the total of 24 hours counts, though no value may, from that many times the usual; 0: never",
    )
    direction: Direction = Field("above", description="which side of what is expected counts: above, below or both")
    min_change: Share = Field(
        _DEFAULTS.min_change, description="a deviation counts from this share of the expected value"
    )
    min_value: float = Field(0.0, ge=0, description="a deviation counts from this much, in the unit of the values")
    min_impact: AmountText | None = Field(
        None, description="alert once what is over the expected sums up to this; the values are rates per second"
    )
    price: PriceText | None = Field(None, description="what one unit of the values costs: `3 USD per 1M`")
    points: Points = Field(
        _DEFAULTS.points, description="how many of the newest points must be anomalous for an alert to begin"
    )
    recovery: Duration = Field(_DEFAULTS.recovery, description="how long values must be usual again for it to end")
    adopt_after: Duration = Field(
        _DEFAULTS.adopt_after,
        description="a deviation that lasts so long is a new level: told once, expected from then on",
    )
    warm_up: Duration | None = Field(
        None,
        description="how old a series must be to be judged by its own past; a day, or half the window if that is less",
    )
    timezone: TimeZone = Field(UTC, description="where days and weeks begin, and whose wall clock messages show")

    @field_validator("window", "adopt_after")
    @classmethod
    def _not_zero(cls, value: timedelta) -> timedelta:
        if value <= timedelta(0):
            raise ValueError("must be longer than 0")
        return value

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.k is not None and self.false_alerts_per_week is not None:
            raise ValueError("give either k or false_alerts_per_week: with the latter alertd sets k")
        if "season" in self.model_fields_set and self.method != "seasonal":
            raise ValueError(f"season belongs to method: seasonal, and the method is {self.method}")
        if "slow" in self.model_fields_set and (self.method != "seasonal" or self.direction == "below"):
            raise ValueError("slow belongs to method: seasonal, and looks at what is above")
        if 0 < self.slow <= 1:
            raise ValueError("slow must be over 1, such as 2 for twice the usual total, or 0 for never")
        if self.min_impact and self.price and self.min_impact.unit != self.price.unit:
            raise ValueError(
                f'min_impact is in "{self.min_impact.unit}" and price in "{self.price.unit}": use one unit'
            )
        return self

    @property
    def looks_back(self) -> bool:
        """Whether `window` is what the method knows of the past."""
        return self.method != "seasonal"

    @property
    def sensitivity(self) -> float:
        """The k in force at the start."""
        return self.for_detector().start_k

    def for_detector(self) -> DetectorSettings:
        """What of this the detector obeys."""
        young = min(_DAY, self.window / 2) if self.looks_back else _DAY
        return DetectorSettings(
            method=self.method,
            k=self.k,
            false_alerts_per_week=self.false_alerts_per_week,
            window=self.window,
            season=self.season,
            slow=self.slow,
            direction=self.direction,
            min_change=self.min_change,
            min_value=self.min_value,
            points=self.points,
            recovery=self.recovery,
            adopt_after=self.adopt_after,
            warm_up=young if self.warm_up is None else self.warm_up,
            zone=self.timezone,
        )
