"""Recorded values for notebooks, as far as that goes without pandas, which `make test` does not install: see tests/extras."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from alertd.labels import LabelSet
from alertd.query.history import HistoryNeed, SeriesMatrix
from alertd.replay.export import ExportError, Keeping, metrics, require_analysis
from tests.support.cli import cli

NEED = HistoryNeed(
    expr="m", start=datetime(2026, 1, 5, tzinfo=UTC), end=datetime(2026, 1, 6, tzinfo=UTC), step=timedelta(minutes=1)
)
MATRIX = SeriesMatrix(
    labels=(LabelSet({"tenant": "a", "value": "x"}), LabelSet({"tenant": "b"})),
    times=np.array([60.0, 120.0]),
    values=np.array([[1.0, np.nan], [np.inf, np.nan]]),
)


class Past:
    async def read(self, need: HistoryNeed) -> AsyncIterator[SeriesMatrix]:
        yield MATRIX


async def test_what_is_read_is_handed_on_and_kept() -> None:
    keeping = Keeping(Past())
    assert [one async for one in keeping.read(NEED)] == [MATRIX]
    assert keeping.kept == [("m", MATRIX)]


def test_series_in_the_shape_of_prometheus_answers() -> None:
    assert list(metrics([("m", MATRIX)])) == [
        {"metric": {"query": "m", "tenant": "a", "exported_value": "x"}, "values": [(60.0, 1.0), (120.0, np.inf)]},
        {"metric": {"query": "m", "tenant": "b"}, "values": []},
    ]


@pytest.mark.parametrize(
    ("installed", "missing"),
    [((), "pandas and pyarrow"), (("pandas",), "pyarrow"), (("pyarrow",), "pandas")],
    ids=["none", "without pyarrow", "without pandas"],
)
def test_without_the_extra_it_says_how_to_get_it(installed: tuple[str, ...], missing: str) -> None:
    with pytest.raises(ExportError) as told:
        require_analysis(lambda name: name if name in installed else None)
    assert str(told.value) == f"--export needs {missing}: pip install 'alertd[analysis]'"


def test_with_the_extra_nothing_is_said() -> None:
    require_analysis(lambda name: name)


async def test_that_is_said_before_anything_is_read(tmp_path: Path) -> None:
    """With the extra, the file that is not there is what is wrong."""
    is_installed = find_spec("pandas") is not None and find_spec("pyarrow") is not None
    ran = await cli("backtest", str(tmp_path / "none.yml"), "--export", str(tmp_path / "values.parquet"))
    assert ran.status == 1
    assert ("pip install 'alertd[analysis]'" in ran.err) is not is_installed
    assert ("none.yml" in ran.err) is is_installed
