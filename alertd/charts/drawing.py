"""A drawing as shapes, so that SVG and PNG show the same: pixels from the top left corner, colours as (r, g, b, alpha)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

Colour = tuple[int, int, int, float]
Point = tuple[float, float]


class Anchor(StrEnum):
    """Which end of a text its position is."""

    START = "start"
    MIDDLE = "middle"
    END = "end"


@dataclass(frozen=True, slots=True)
class Line:
    """Straight pieces through `points`."""

    points: Sequence[Point]
    colour: Colour
    width: float = 1.0
    dash: float = 0.0


@dataclass(frozen=True, slots=True)
class Area:
    """A filled polygon."""

    points: Sequence[Point]
    colour: Colour


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text; `at` is on its base line."""

    at: Point
    text: str
    colour: Colour
    size: float = 11.0
    anchor: Anchor = Anchor.START


Shape = Line | Area | Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Shapes from back to front; `label` says in words what is seen."""

    width: int
    height: int
    label: str
    shapes: tuple[Shape, ...]
