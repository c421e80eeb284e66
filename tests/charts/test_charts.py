"""Charts: nothing disappears, ticks are round, hostile texts stay texts, SVG and PNG show the same shapes."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from io import BytesIO
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from alertd.charts import Chart, Fan, Limit, Span, draw, svg
from alertd.charts.drawing import Area, Line, Text
from alertd.charts.layout import BAND, FIRING, LIMIT, VALUE
from alertd.charts.png import png
from alertd.charts.scale import short_number, time_ticks, value_range, value_ticks
from alertd.charts.thinning import pieces, thinned

START = datetime(2026, 3, 28, 12, tzinfo=UTC).timestamp()


def a_chart(values: list[float], *, step: float = 60.0, title: str = "A", **rest: object) -> Chart:
    times = START + step * np.arange(len(values))
    return Chart(title=title, times=times, values=np.array(values), **rest)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6000000000000001, 0.8, 1]),
        (0, 12345, [0, 5000, 10000]),
        (-3, 4, [-2, 0, 2, 4]),
        (99.5, 100.5, [99.60000000000001, 99.80000000000001, 100, 100.2, 100.4]),
    ],
)
def test_value_ticks_are_round(low: float, high: float, ticks: list[float]) -> None:
    assert value_ticks(low, high) == pytest.approx(ticks)


@given(st.floats(-1e15, 1e15), st.floats(1e-6, 1e15))
def test_ticks_lie_inside_and_are_few(low: float, size: float) -> None:
    high = low + size
    if high - low < 1e-9 * max(abs(low), 1):
        return
    ticks = value_ticks(low, high)
    slack = 1e-9 * max(abs(low), abs(high))
    assert len(ticks) <= 6
    assert all(low - slack <= tick <= high + slack for tick in ticks)


def test_midnights_are_dates_in_the_charts_own_zone_also_when_the_clock_changes() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    ticks = time_ticks(START, START + 36 * 3600, berlin)  # 29 March 2026 has 23 hours there
    labels = [label for _, label in ticks]
    assert labels == ["18:00", "Mar 29", "06:00", "12:00", "18:00", "Mar 30"]
    assert [round((b - a) / 3600) for (a, _), (b, _) in pairwise(ticks)] == [6, 5, 6, 6, 6]


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (12345, "12.35k"), (3e6, "3M"), (0.02, "0.02"), (-1500, "-1.5k"), (2e12, "2T")]
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert short_number(value) == text


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [([50, 100], 46, 104), ([5, 100], 0, 108), ([3, 3], 2.76, 3.24), ([0, 0], 0, 0.08), ([np.nan], 0, 1)],
)
def test_the_range_has_room_and_takes_zero_in_when_it_is_near(values: list[float], low: float, high: float) -> None:
    assert value_range([np.array(values)]) == pytest.approx((low, high))


@given(st.lists(st.floats(-1e9, 1e9) | st.just(np.nan), min_size=1, max_size=500), st.integers(1, 60))
def test_thinning_keeps_the_extremes_and_the_order(values: list[float], columns: int) -> None:
    array = np.array(values)
    times = np.arange(len(array), dtype=float)
    kept_times, kept = thinned(times, array, columns)
    assert len(kept) <= max(2 * columns, min(len(values), 2 * columns))
    assert (np.diff(kept_times) > 0).all()
    if np.isfinite(array).any():
        assert (np.nanmin(kept), np.nanmax(kept)) == (np.nanmin(array), np.nanmax(array))


def test_a_gap_stays_a_gap_even_when_thousands_of_points_are_thinned() -> None:
    values = np.ones(10_000)
    values[4000:5000] = np.nan
    times, kept = thinned(np.arange(10_000, dtype=float), values, 100)
    assert [(piece[0], piece[-1]) for piece, _ in pieces(times, kept)] == [(0, 3900), (5000, 9900)]


def test_a_lone_point_is_seen() -> None:
    (line,) = [one for one in draw(a_chart([np.nan, 5, np.nan])).shapes if isinstance(one, Line) and one.width == 1.5]
    assert line.colour == VALUE
    assert line.points[1][0] - line.points[0][0] == 2


def test_limits_spans_and_words_are_drawn_where_they_belong() -> None:
    chart = a_chart(
        [1.0] * 50 + [9.0] * 50,
        unit="USD",
        limits=(Limit(value=5, label="budget"),),
        firing=(Span(start=START + 3000),),
    )
    shapes = draw(chart, width=680, height=200).shapes
    (limit,) = [one for one in shapes if isinstance(one, Line) and one.colour == LIMIT and one.points[0][0] == 64]
    values = [one for one in shapes if isinstance(one, Line) and one.colour == VALUE and one.points[0][0] == 64]
    heights = [y for _, y in values[0].points]
    assert min(heights) < limit.points[0][1] < max(heights)
    (span,) = [one for one in shapes if isinstance(one, Area) and one.colour == FIRING]
    assert span.points[0][0] == pytest.approx(64 + (680 - 64 - 16) * 3000 / 5940)
    assert span.points[1][0] == 680 - 16, "it goes on: to the right edge"
    assert {"USD", "budget 5", "firing"} <= {one.text for one in shapes if isinstance(one, Text)}


def test_a_band_without_a_lower_end_reaches_the_edge() -> None:
    bands = {"lower": np.full(9, -np.inf), "expected": np.full(9, 4.0), "upper": np.full(9, 6.0)}
    areas = [one for one in draw(a_chart([5.0] * 9, **bands), height=200).shapes if isinstance(one, Area)]
    (band,) = [one for one in areas if one.colour == BAND]
    assert max(y for _, y in band.points) == 200 - 28


def test_svg_is_well_formed_whatever_the_labels_say() -> None:
    title = 'A{x="</svg><script>alert(1)</script>\x00\x1b[31m"}'
    root = ET.fromstring(svg(draw(a_chart([1, 2], title=title))))
    assert [one.tag.rpartition("}")[2] for one in root if "script" in one.tag] == []
    assert root.attrib["aria-label"] == 'A{x="</svg><script>alert(1)</script>[31m"}: 2'


def test_no_data_is_said() -> None:
    assert "no data" in svg(draw(a_chart([])))
    assert draw(a_chart([np.nan, np.nan])).label == "A: no data"


def test_the_png_shows_the_value_the_limit_and_the_span_in_their_colours() -> None:
    chart = a_chart(
        [5.0] * 100, limits=(Limit(value=9),), firing=(Span(start=START + 60 * 40, end=START + 60 * 60),),
        fan=Fan(times=START + np.array([6000.0, 9000]), low=np.array([4.0, 3]), middle=np.array([5.0, 5]),
                high=np.array([6.0, 7])),
        lower=np.full(100, 4.0), expected=np.full(100, 5.0), upper=np.full(100, 6.0),
    )  # fmt: skip
    image = Image.open(BytesIO(png(draw(chart, width=600, height=180)))).convert("RGB")
    assert image.size == (1200, 360)
    colours = {colour for _, colour in image.getcolors(1_000_000) or []}
    assert {VALUE[:3], LIMIT[:3], (220, 38, 38), (217, 119, 6)} <= colours


def test_what_fires_fires_until_now_not_into_what_is_projected() -> None:
    ahead = Fan(times=START + np.array([5940.0, 11880]), low=np.ones(2), middle=np.ones(2), high=np.ones(2))
    shapes = draw(a_chart([1.0] * 100, firing=(Span(start=START),), fan=ahead), width=680, height=200).shapes
    (span,) = [one for one in shapes if isinstance(one, Area) and one.colour == FIRING]
    assert (span.points[0][0], span.points[2][0]) == pytest.approx((64, 64 + (680 - 64 - 16) / 2))


def test_arrays_of_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="upper has shape"):
        a_chart([1, 2], upper=np.zeros(3))
