"""A chart -> a drawing: from back to front firing spans, grid, band, fan, limits, the value, words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from alertd.charts.chart import F64, Chart, Span
from alertd.charts.drawing import Anchor, Area, Colour, Drawing, Line, Point, Shape, Text
from alertd.charts.scale import Scale, short_number, time_ticks, value_range, value_ticks
from alertd.charts.thinning import pieces, thinned

INK: Colour = (34, 40, 49, 1.0)
FAINT: Colour = (107, 114, 128, 1.0)
GRID: Colour = (229, 231, 235, 1.0)
PAPER: Colour = (255, 255, 255, 1.0)
VALUE: Colour = (29, 78, 216, 1.0)
EXPECTED: Colour = (100, 116, 139, 1.0)
BAND: Colour = (100, 116, 139, 0.18)
LIMIT: Colour = (185, 28, 28, 1.0)
FIRING: Colour = (220, 38, 38, 0.14)
FIRING_BAR: Colour = (220, 38, 38, 1.0)
PROJECTED: Colour = (217, 119, 6, 1.0)
PROJECTED_BAND: Colour = (217, 119, 6, 0.2)

LEFT, RIGHT, TOP, BOTTOM = 64, 16, 44, 28
_GLYPH = 0.56
"""Mean width of a character, in parts of its size: enough to place the legend."""


@dataclass(frozen=True, slots=True)
class _Frame:
    """The plot's axes."""

    x: Scale
    y: Scale

    def line(self, times: F64, values: F64) -> list[Point]:
        return list(zip(self.x(times).tolist(), self.y(values).tolist(), strict=True))

    def lines(self, times: F64, values: F64, colour: Colour, width: float, dash: float = 0.0) -> Iterator[Line]:
        columns = round(self.x.end - self.x.start)
        for piece in pieces(*thinned(times, values, columns)):
            points = self.line(*piece)
            if len(points) == 1:  # a lone point would be invisible
                points = [(points[0][0] - 1, points[0][1]), (points[0][0] + 1, points[0][1])]
            yield Line(points, colour, width, dash)

    def band(self, times: F64, low: F64, high: F64, colour: Colour) -> Iterator[Area]:
        low, high = np.maximum(low, self.y.low), np.minimum(high, self.y.high)  # a side may be open
        columns = round(self.x.end - self.x.start)
        rows = np.unique(np.linspace(0, len(times) - 1, min(len(times), columns)).astype(np.intp))
        both = np.where(np.isfinite(low[rows]) & np.isfinite(high[rows]), 0.0, np.nan)
        for (at, below), (_, above) in zip(
            pieces(times[rows], low[rows] + both), pieces(times[rows], high[rows] + both), strict=True
        ):
            yield Area([*self.line(at, below), *reversed(self.line(at, above))], colour)


def draw(chart: Chart, *, width: int = 900, height: int = 260) -> Drawing:
    """The chart at that size in pixels; an empty one says that there are no data."""
    shapes: list[Shape] = [_box(0, 0, width, height, PAPER), *_title(chart), *_legend(chart, width)]
    if len(chart.times):
        shapes += _plot(chart, _frame(chart, width, height))
    else:
        shapes.append(Text((width / 2, height / 2), "no data", FAINT, 13, Anchor.MIDDLE))
    return Drawing(width=width, height=height, label=_in_words(chart), shapes=tuple(shapes))


def stacked(drawings: Sequence[Drawing]) -> Drawing:
    """One below the other."""
    shapes: list[Shape] = []
    top = 0
    for drawing in drawings:
        shapes += (_lowered(shape, top) for shape in drawing.shapes)
        top += drawing.height
    return Drawing(
        width=max(drawing.width for drawing in drawings),
        height=top,
        label="; ".join(drawing.label for drawing in drawings),
        shapes=tuple(shapes),
    )


def _lowered(shape: Shape, by: float) -> Shape:
    if isinstance(shape, Text):
        return replace(shape, at=(shape.at[0], shape.at[1] + by))
    return replace(shape, points=[(x, y + by) for x, y in shape.points])


def _frame(chart: Chart, width: int, height: int) -> _Frame:
    arrays = [chart.values, *(array for array in (chart.lower, chart.upper) if array is not None)]
    arrays += [np.array([limit.value for limit in chart.limits])]
    start, end = float(chart.times[0]), float(chart.times[-1])
    if chart.fan is not None and len(chart.fan.times):
        arrays += [chart.fan.low, chart.fan.high]
        end = max(end, float(chart.fan.times[-1]))
    low, high = value_range(arrays)
    x = Scale(start, end if end > start else start + 1, LEFT, width - RIGHT)
    return _Frame(x, Scale(low, high, height - BOTTOM, TOP))


def _plot(chart: Chart, frame: _Frame) -> Iterator[Shape]:
    for span in chart.firing:
        yield from _firing(span, frame, now=float(chart.times[-1]))
    yield from _grid(chart, frame)
    if chart.lower is not None and chart.upper is not None:
        yield from frame.band(chart.times, chart.lower, chart.upper, BAND)
    if chart.fan is not None:
        yield from frame.band(chart.fan.times, chart.fan.low, chart.fan.high, PROJECTED_BAND)
        yield from frame.lines(chart.fan.times, chart.fan.middle, PROJECTED, 1.5, 5)
    if chart.expected is not None:
        yield from frame.lines(chart.times, chart.expected, EXPECTED, 1.0, 3)
    for limit in chart.limits:
        if np.isfinite(limit.value):
            y = frame.y.one(limit.value)
            yield Line([(frame.x.start, y), (frame.x.end, y)], LIMIT, 1.2, 6)
    yield from frame.lines(chart.times, chart.values, VALUE, 1.5)


def _firing(span: Span, frame: _Frame, *, now: float) -> Iterator[Shape]:
    end = now if span.end is None else span.end
    left, right = (float(np.clip(frame.x.one(at), frame.x.start, frame.x.end)) for at in (span.start, end))
    right = max(right, left + 1)
    yield _box(left, frame.y.end, right, frame.y.start, FIRING)
    yield _box(left, frame.y.start - 3, right, frame.y.start, FIRING_BAR)


def _grid(chart: Chart, frame: _Frame) -> Iterator[Shape]:
    for value in value_ticks(frame.y.low, frame.y.high):
        y = frame.y.one(value)
        yield Line([(frame.x.start, y), (frame.x.end, y)], GRID)
        yield Text((frame.x.start - 6, y + 4), short_number(value), FAINT, 11, Anchor.END)
    for at, label in time_ticks(frame.x.low, frame.x.high, chart.zone, most=max(2, round(frame.x.end / 100))):
        x = frame.x.one(at)
        yield Line([(x, frame.y.end), (x, frame.y.start)], GRID)
        anchor = Anchor.MIDDLE if x + len(label) * 11 * _GLYPH / 2 < frame.x.end + RIGHT else Anchor.END
        yield Text((x, frame.y.start + 16), label, FAINT, 11, anchor)


def _title(chart: Chart) -> Iterator[Text]:
    yield Text((12, 19), chart.title, INK, 13)
    if chart.unit:
        yield Text((12, 35), chart.unit, FAINT)


def _legend(chart: Chart, width: int) -> Iterator[Shape]:
    """From right to left, above the plot."""
    entries = [("value", VALUE, 0.0)]
    if chart.upper is not None:
        entries.append(("expected", EXPECTED, 3.0))
    entries += [(f"{limit.label} {short_number(limit.value)}", LIMIT, 6.0) for limit in chart.limits]
    if chart.fan is not None:
        entries.append(("projected", PROJECTED, 5.0))
    if chart.firing:
        entries.append(("firing", FIRING_BAR, 0.0))
    x = float(width - RIGHT)
    for name, colour, dash in reversed(entries):
        x -= len(name) * 11 * _GLYPH
        yield Text((x, 35), name, FAINT)
        yield Line([(x - 20, 31), (x - 5, 31)], colour, 2, dash)
        x -= 32


def _in_words(chart: Chart) -> str:
    known = chart.values[np.isfinite(chart.values)]
    if not len(known):
        return f"{chart.title}: no data"
    fired = f", fired {len(chart.firing)} times" if chart.firing else ""
    return f"{chart.title}: {short_number(float(known[-1]))} {chart.unit}".rstrip() + fired


def _box(left: float, top: float, right: float, bottom: float, colour: Colour) -> Area:
    return Area([(left, top), (right, top), (right, bottom), (left, bottom)], colour)
