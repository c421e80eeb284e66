"""A drawing as SVG text: one self-contained element, for pages, reports and files."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from alertd.charts.drawing import Area, Colour, Drawing, Line, Point, Shape, Text

_FONT = "system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif"


def svg(drawing: Drawing) -> str:
    """`<svg ...>...</svg>`; texts are escaped, control characters left out."""
    size = f'width="{drawing.width}" height="{drawing.height}" viewBox="0 0 {drawing.width} {drawing.height}"'
    label = _text(drawing.label)
    shapes = "\n".join(map(_shape, drawing.shapes))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{label}" font-family="{_FONT}">\n'
        f"<title>{label}</title>\n{shapes}\n</svg>"
    )


def _shape(shape: Shape) -> str:
    match shape:
        case Line(points, colour, width, dash):
            dashed = f' stroke-dasharray="{dash:g}"' if dash else ""
            return f'<polyline points="{_points(points)}" fill="none" stroke-width="{width:g}"{_ink("stroke", colour)}{dashed}/>'
        case Area(points, colour):
            return f'<polygon points="{_points(points)}"{_ink("fill", colour)}/>'
        case Text((x, y), text, colour, font_size, anchor):
            place = f'x="{x:.1f}" y="{y:.1f}" font-size="{font_size:g}" text-anchor="{anchor}"'
            return f"<text {place}{_ink('fill', colour)}>{_text(text)}</text>"


def _points(points: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _ink(attribute: str, colour: Colour) -> str:
    red, green, blue, alpha = colour
    opacity = f' {attribute}-opacity="{alpha:g}"' if alpha < 1 else ""
    return f' {attribute}="#{red:02x}{green:02x}{blue:02x}"{opacity}'


def _text(text: str) -> str:
    return escape("".join(character for character in text if character.isprintable()))
