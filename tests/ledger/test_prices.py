"""Prices of tokens: our own file, the table under it, what nobody knows."""

import math
from datetime import UTC, datetime

import pytest

from alertd.ledger.catalogue import GenaiPrices
from alertd.ledger.flow import Line
from alertd.ledger.prices import PriceSettings, PriceTable, TokenPrices, TokenWeights

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
MILLION = 1e6
OWN = {
    "aliases": {"house-*": "house", "our-gpt": "gpt-4o"},
    "models": [
        {"model": "house", "input": 1, "output": 2},
        {"model": "house", "from": "2026-03-01", "input": 3, "output": 6, "cache_read": 0.3},
        {"model": "house", "from": "2026-04-01", "input": 9, "output": 9},
        {"model": "gpt-4o", "provider": "azure", "input": 4, "output": 5},
    ],
}


@pytest.fixture(scope="module")
def table() -> PriceTable:
    return PriceTable(PriceSettings.model_validate(OWN), GenaiPrices())


def rate(
    table: PriceTable, kind: str, model: str, provider: str = "", *, at: datetime = AT, cache: str = "included"
) -> float:
    """USD per million tokens."""
    return TokenPrices(table, cache).rate(Line(0, "", kind, model, provider), at) * MILLION


@pytest.mark.parametrize(
    ("model", "provider", "expected"),
    [
        pytest.param("house", "", 3, id="the newest price that has begun"),
        pytest.param("house-large", "", 3, id="an alias with a pattern"),
        pytest.param("gpt-4o", "azure", 4, id="our price of a provider"),
        pytest.param("gpt-4o", "openai", 2.5, id="else the table's"),
        pytest.param("our-gpt", "", 2.5, id="an alias of a model of the table"),
        pytest.param("openai/gpt-4o", "", 2.5, id="vendor/model"),
        pytest.param("openai/gpt-4o", "openai", 2.5, id="vendor/model of that vendor"),
        pytest.param("claude-sonnet-4-5", "anthropic", 3, id="of a price with tiers the first"),
        pytest.param("gpt-4o", "vllm", math.nan, id="the same name on a machine nobody has prices of"),
        pytest.param("vllm/gpt-4o", "", math.nan, id="a vendor nobody knows"),
        pytest.param("no-such-model", "", math.nan, id="a model nobody knows"),
    ],
)  # fmt: skip
def test_input_prices(table: PriceTable, model: str, provider: str, expected: float) -> None:
    assert rate(table, "input", model, provider) == pytest.approx(expected, nan_ok=True)


def test_prices_have_dates(table: PriceTable) -> None:
    days = [datetime(2026, month, 1, tzinfo=UTC) for month in (2, 3, 4)]
    assert [rate(table, "output", "house", at=day) for day in days] == pytest.approx([2, 6, 9])


def test_cached_tokens_cost_what_they_cost_however_they_are_counted(table: PriceTable) -> None:
    model, read, plain = "claude-sonnet-4-5", 900, 100
    included = (plain + read) * rate(table, "input", model) + read * rate(table, "cache_read", model)
    apart = plain * rate(table, "input", model, cache="separate") + read * rate(
        table, "cache_read", model, cache="separate"
    )
    assert included == pytest.approx(apart) == pytest.approx(100 * 3 + 900 * 0.3)
    assert rate(table, "cache_read", model, cache="by_provider") == pytest.approx(0.3)
    assert rate(table, "cache_read", "gpt-4o", cache="by_provider") == pytest.approx(1.25 - 2.5)


def test_a_kind_nobody_knows_has_no_price(table: PriceTable) -> None:
    assert math.isnan(rate(table, "audio", "gpt-4o"))


def test_weights_say_how_much_of_a_token_counts() -> None:
    weights = TokenWeights((("input", 1.0), ("cache_read", 0.1)))
    assert [weights.rate(Line(0, kind=kind), AT) for kind in ("input", "cache_read")] == [1.0, 0.1]
    assert math.isnan(weights.rate(Line(0, kind="audio"), AT))


def test_the_version_changes_with_our_prices_and_names_the_table(table: PriceTable) -> None:
    assert table.version.startswith("genai-prices 0.")
    assert PriceTable(PriceSettings(), GenaiPrices()).version != table.version
