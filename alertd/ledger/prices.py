"""What a token costs: the price table of genai-prices, and over it the prices of our own file.

A model that neither knows has no price. Its tokens are never worth nothing: they are counted apart and reported.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from fnmatch import fnmatchcase
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from pydantic import Field

from alertd.settings import Settings

if TYPE_CHECKING:
    from alertd.ledger.flow import Line

_MILLION = 1e6


class ModelPriceSettings(Settings):
    """What the tokens of one model cost, in USD per million."""

    model: str = Field(min_length=1, description="name of the model; * stands for any text")
    provider: str = Field(default="*", description="provider as the metric has it; * stands for any text")
    from_: date | None = Field(default=None, alias="from", description="first day (UTC) of this price")
    input: float = Field(ge=0, description="USD per million input tokens")
    output: float = Field(ge=0, description="USD per million output tokens")
    cache_read: float | None = Field(default=None, ge=0, description="default: as input")
    cache_write: float | None = Field(default=None, ge=0, description="default: as input")


class PriceSettings(Settings):
    """The file `prices:` names."""

    aliases: dict[str, str] = Field(
        default_factory=dict, description="model as the metric has it (* stands for any text) -> model as it is priced"
    )
    models: tuple[ModelPriceSettings, ...] = Field(
        default=(), description="prices that win over the table; of several of a model the newest that has begun"
    )


@dataclass(frozen=True, slots=True)
class TokenPrice:
    """USD per token of each kind."""

    input: float
    output: float
    cache_read: float
    cache_write: float


class Catalogue(Protocol):
    """A price table of somebody else."""

    @property
    def version(self) -> str: ...

    def price(self, model: str, provider: str, at: datetime) -> TokenPrice | None:
        """What `model` costs at `at`; `provider` "" asks for any. None when it is not known."""
        ...


class NoCatalogue:
    """Only our own file knows prices."""

    version = ""

    def price(self, model: str, provider: str, at: datetime) -> TokenPrice | None:
        return None


@dataclass(frozen=True)
class PriceTable:
    """Our own prices, and where they say nothing the catalogue's."""

    settings: PriceSettings = PriceSettings()  # noqa: RUF009 - immutable
    catalogue: Catalogue = field(default_factory=NoCatalogue, compare=False)

    @cached_property
    def version(self) -> str:
        """Changes when a price may have."""
        own = sha256(self.settings.model_dump_json().encode()).hexdigest()[:12]
        return f"{self.catalogue.version} {own}".strip()

    def price(self, model: str, provider: str, at: datetime) -> TokenPrice | None:
        """USD per token of `model` at `at`; None when nobody knows."""
        aliases = self.settings.aliases
        name = aliases.get(model) or next((to for pattern, to in aliases.items() if fnmatchcase(model, pattern)), model)
        if (own := self._own(name, provider, at)) is not None:
            return own
        return self.catalogue.price(name, provider, at)

    def _own(self, model: str, provider: str, at: datetime) -> TokenPrice | None:
        begun = [
            price
            for price in self.settings.models
            if fnmatchcase(model, price.model)
            and fnmatchcase(provider, price.provider)
            and (price.from_ is None or price.from_ <= at.date())
        ]
        if not begun:
            return None
        newest = max(begun, key=lambda price: price.from_ or date.min)  # of equals the first
        return TokenPrice(
            input=newest.input / _MILLION,
            output=newest.output / _MILLION,
            cache_read=(newest.input if newest.cache_read is None else newest.cache_read) / _MILLION,
            cache_write=(newest.input if newest.cache_write is None else newest.cache_write) / _MILLION,
        )


def counts_cache_apart(model: str, provider: str) -> bool:
    """Whether a provider's own count of input tokens leaves cached ones out, as Anthropic's does."""
    return "anthropic" in provider or "bedrock" in provider or "claude" in model


@dataclass(frozen=True)
class TokenPrices:
    """Rates of token lines in USD.

    cache   whether cached tokens are counted among the input tokens too: included, separate, or by_provider
    """

    table: PriceTable
    cache: str = "included"

    @property
    def version(self) -> str:
        return self.table.version

    def rate(self, line: Line, at: datetime) -> float:
        """USD per token; NaN when the model has no price, or nobody knows the kind.

        Where input includes cached tokens, those are charged what they cost less than (or more than) input: the sum
        over the kinds is `(input - read - write) * p_input + read * p_read + write * p_write`.
        """
        price = self.table.price(line.model, line.provider, at)
        if price is None:
            return math.nan
        apart = self.cache == "separate" or (
            self.cache == "by_provider" and counts_cache_apart(line.model, line.provider)
        )
        counted = 0.0 if apart else price.input
        rates: Mapping[str, float] = {
            "input": price.input,
            "output": price.output,
            "cache_read": price.cache_read - counted,
            "cache_write": price.cache_write - counted,
        }
        return rates.get(line.kind, math.nan)


@dataclass(frozen=True)
class TokenWeights:
    """Rates of token lines for budgets of tokens: how much of a token each kind counts."""

    weights: tuple[tuple[str, float], ...]

    @property
    def version(self) -> str:
        return repr(self.weights)

    def rate(self, line: Line, at: datetime) -> float:
        return dict(self.weights).get(line.kind, math.nan)
