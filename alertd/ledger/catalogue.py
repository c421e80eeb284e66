"""The prices of the package genai-prices: those it came with, never fetched."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from alertd.ledger.prices import TokenPrice

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo

_MILLION = 1e6
_PROVIDERS = {
    "aws.bedrock": "aws",
    "bedrock": "aws",
    "az.ai.openai": "azure",
    "azure.ai.openai": "azure",
    "azure.ai.inference": "azure",
    "azure_ai": "azure",
    "gcp.gemini": "google",
    "gcp.vertex_ai": "google",
    "gcp.gen_ai": "google",
    "gemini": "google",
    "vertex_ai": "google",
    "mistral_ai": "mistral",
    "xai": "x-ai",
    "x_ai": "x-ai",
}
"""Names of OpenTelemetry's conventions and of gateways -> the package's own."""


class GenaiPrices:
    """Implements `Catalogue`. Prices that grow with the size of a request are taken at their first tier."""

    def __init__(self) -> None:
        # 0.15 s: only those who price tokens pay it.
        import genai_prices
        from genai_prices import data_snapshot

        self.version = f"genai-prices {genai_prices.__version__}"
        self._snapshot: DataSnapshot = data_snapshot.get_snapshot()
        self._known = {provider.id for provider in self._snapshot.providers}
        self._models: dict[tuple[str, str], ModelInfo | None] = {}

    def price(self, model: str, provider: str, at: datetime) -> TokenPrice | None:
        """See `Catalogue.price`. A provider the package does not know prices nothing: it may be one's own machine."""
        key = model, provider
        if key not in self._models:
            self._models[key] = self._find(model, provider.lower())
        found = self._models[key]
        if found is None:
            return None
        prices = found.get_prices(at)
        per_input, per_output = _base(prices.input_mtok), _base(prices.output_mtok)
        if per_input is None and per_output is None:
            return None
        read, write = _base(prices.cache_read_mtok), _base(prices.cache_write_mtok)
        asked, answered = per_input or 0.0, per_output or 0.0
        return TokenPrice(asked, answered, asked if read is None else read, asked if write is None else write)

    def _find(self, model: str, provider: str) -> ModelInfo | None:
        """Under its provider; of `vendor/model` the vendor is the provider."""
        vendor, _, rest = model.rpartition("/")
        vendor = vendor.partition("/")[0].lower()
        named = _PROVIDERS.get(provider, provider)
        tries = [(model, named)] if named in self._known else []
        if rest != model and (host := _PROVIDERS.get(vendor, vendor)) in self._known and named in ("", host):
            tries.append((rest, host))
        elif rest != model and named in self._known:
            tries.append((rest, named))
        if not provider and not vendor:
            tries.append((model, ""))
        return next((found for name, host in tries if (found := self._look_up(name, host)) is not None), None)

    def _look_up(self, model: str, provider: str) -> ModelInfo | None:
        try:
            return self._snapshot.find_provider_model(model, None, provider or None, None)[1]
        except LookupError:
            return None


def _base(price: object) -> float | None:
    """USD per token of a price per million, which may have tiers."""
    if price is None:
        return None
    return float(getattr(price, "base", price)) / _MILLION  # type: ignore[arg-type]
