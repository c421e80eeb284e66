"""The same drawing as a PNG, for mail, Slack and PagerDuty. Needs Pillow (extra `images`); takes some 30 ms: use a thread."""

from __future__ import annotations

from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING

from alertd.charts.drawing import Anchor, Area, Drawing, Line, Point, Shape, Text
from alertd.errors import AlertdError

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

_SHARPER = 2
"""Pixels of the image per pixel of the drawing: screens are fine."""

_ANCHORS = {Anchor.START: "ls", Anchor.MIDDLE: "ms", Anchor.END: "rs"}


class NoImagesError(AlertdError):
    """Pillow is not installed."""

    def __init__(self) -> None:
        super().__init__("PNG charts need the extra images: pip install 'alertd[images]'")


def png(drawing: Drawing) -> bytes:
    """The bytes of the image, at twice the drawing's size; raises NoImagesError."""
    try:
        from PIL import Image, ImageDraw
    except ImportError:
        raise NoImagesError from None
    image = Image.new("RGB", (drawing.width * _SHARPER, drawing.height * _SHARPER), "white")
    pen = ImageDraw.Draw(image, "RGBA")
    for shape in drawing.shapes:
        _paint(pen, shape)
    written = BytesIO()
    image.save(written, "PNG", optimize=True)
    return written.getvalue()


def _paint(pen: ImageDraw, shape: Shape) -> None:
    from PIL import ImageFont

    red, green, blue, alpha = shape.colour
    ink = (red, green, blue, round(255 * alpha))
    match shape:
        case Line(points, _, width, dash):
            scaled = [_scaled(point) for point in points]
            for piece in _dashes(scaled, dash * _SHARPER) if dash else [scaled]:
                pen.line(piece, fill=ink, width=max(1, round(width * _SHARPER)), joint="curve")
        case Area(points):
            pen.polygon([_scaled(point) for point in points], fill=ink)
        case Text(at, text, _, size, anchor):
            font = ImageFont.load_default(size * _SHARPER)
            pen.text(_scaled(at), text, fill=ink, font=font, anchor=_ANCHORS[anchor])


def _scaled(point: Point) -> Point:
    return point[0] * _SHARPER, point[1] * _SHARPER


def _dashes(points: list[Point], dash: float) -> list[list[Point]]:
    """The parts of the line that are drawn: as long as the gaps between them, along the whole of it."""
    drawn: list[list[Point]] = []
    left, is_on = dash, True
    piece = [points[0]]
    for start, end in pairwise(points):
        (x, y), (dx, dy) = start, (end[0] - start[0], end[1] - start[1])
        length = (dx * dx + dy * dy) ** 0.5
        done = 0.0
        while length - done > left:
            done += left
            cut = (x + dx * done / length, y + dy * done / length)
            if is_on:
                drawn.append([*piece, cut])
            piece, left, is_on = [cut], dash, not is_on
        left -= length - done
        piece.append(end)
    if is_on and len(piece) > 1:
        drawn.append(piece)
    return drawn
