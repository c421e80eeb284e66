"""The methods by name."""

from __future__ import annotations

from alertd.detect.ewma import Ewma
from alertd.detect.method import Method
from alertd.detect.robust import Robust
from alertd.detect.seasonal import Seasonal
from alertd.detect.settings import DetectorSettings, MethodName
from alertd.detect.sigma import Sigma


def open_method(settings: DetectorSettings) -> Method:
    """A method with no memory yet."""
    if settings.method == "seasonal":
        return Seasonal(season=settings.season, direction=settings.direction)
    windowed: dict[MethodName, type[Sigma] | type[Ewma] | type[Robust]] = {
        "sigma": Sigma,
        "ewma": Ewma,
        "robust": Robust,
    }
    return windowed[settings.method](window=settings.window, direction=settings.direction)
