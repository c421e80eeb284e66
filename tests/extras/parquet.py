"""Recorded values as a Parquet file, read back.

Needs the extra `analysis`, which `make extras` installs; its name keeps it out of every other run of the tests.
"""

from __future__ import annotations

from datetime import UTC, timedelta
from pathlib import Path

import numpy as np
import pandas
import pytest

from alertd.clock import SystemClock
from alertd.labels import LabelSet
from alertd.query.history import SeriesMatrix
from alertd.query.remote_write import SeriesSample
from alertd.replay.export import ExportError, write_parquet
from alertd.replay.local_prometheus import LocalPrometheus
from tests.support.cli import cli

MATRIX = SeriesMatrix(
    labels=(LabelSet({"tenant": "a", "value": "x"}), LabelSet({"tenant": "b"})),
    times=np.array([60.0, 120.0]),
    values=np.array([[1.0, np.nan], [2.5, np.nan]]),
)


def test_a_row_for_each_sample_with_its_labels_and_once(tmp_path: Path) -> None:
    to = tmp_path / "values.parquet"
    assert write_parquet([("m", MATRIX), ("m", MATRIX), ("2 * m", MATRIX)], to) == 4
    table = pandas.read_parquet(to).sort_values(["query", "value"])
    assert table["query"].tolist() == ["2 * m", "2 * m", "m", "m"]
    assert table["value"].tolist() == [1.0, 2.5, 1.0, 2.5]
    assert set(table["tenant"]) == {"a"}
    assert set(table["exported_value"]) == {"x"}
    assert [stamp.timestamp() for stamp in table.index[:2]] == [60.0, 120.0]


def test_nothing_is_written_where_nothing_was_read(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="nothing was read"):
        write_parquet([], tmp_path / "values.parquet")
    assert not (tmp_path / "values.parquet").exists()


async def test_a_backtest_exports_what_it_has_read(tmp_path: Path) -> None:
    end = SystemClock().now().replace(second=0, microsecond=0) - timedelta(minutes=1)
    minutes = [end - timedelta(minutes=ago) for ago in range(30, -1, -1)]
    labels = LabelSet({"__name__": "m", "tenant": "a"})
    (tmp_path / "rules.yml").write_text("groups: [{name: g, rules: [{alert: A, expr: m, threshold: {above: 20}}]}]\n")
    to = tmp_path / "values.parquet"
    async with LocalPrometheus(config={"storage": {"tsdb": {"out_of_order_time_window": "1h"}}}) as prometheus:
        await prometheus.write([SeriesSample(labels=labels, value=float(n), at=at) for n, at in enumerate(minutes)])
        ran = await cli(
            "backtest", str(tmp_path / "rules.yml"), "--prometheus", prometheus.url,
            "--from", minutes[0].isoformat(), "--to", end.isoformat(), "--export", str(to),
        )  # fmt: skip
    assert ran.status == 0, ran.err
    table = pandas.read_parquet(to)
    assert table["value"].tolist() == [float(n) for n in range(31)]
    assert set(table["tenant"]) == {"a"}
    assert table.index[0].to_pydatetime().replace(tzinfo=UTC) == minutes[0]
