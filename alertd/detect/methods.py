"""The methods by name."""

from __future__ import annotations

from alertd.detect.method import Method
from alertd.detect.seasonal import Seasonal
from alertd.detect.settings import DetectorSettings


def open_method(settings: DetectorSettings) -> Method:
    """A method with no memory yet."""
    return Seasonal(season=settings.season, direction=settings.direction)
