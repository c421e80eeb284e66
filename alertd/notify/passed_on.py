"""How notifications that are passed on to the fallback receiver are told from its own."""

from __future__ import annotations

ALERT_NAME = "NotificationUndelivered"

_INSTEAD_OF = "instead of "


def part_instead_of(place: str, part: str) -> str:
    """The part of a stream that tells what `place` (`ops/slack[0]`) did not take of `part`."""
    return f"{_INSTEAD_OF}{place} {part}".rstrip()


def place_in(part: str) -> str:
    """The place in such a part."""
    place, bracket, _ = part.removeprefix(_INSTEAD_OF).rpartition("]")
    return place + bracket
