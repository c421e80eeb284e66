"""How unusual is a value for its own series, and what will the rest of a period bring: numpy only. Pure.

In: one value per row (series) and slot. Out: a `Slot` of arrays: score, expected band, state, since, what decided.
Never: labels (rows are numbers), queries, alerts. `Detector` is the frame, `Method` what differs: sigma, ewma, robust, seasonal.
The modules `forecast*` take what every step of a period brought, and answer with distributions.
"""

from alertd.detect.detector import Detector
from alertd.detect.errors import SavedStateError
from alertd.detect.settings import DetectorSettings, Direction, MethodName, Season
from alertd.detect.slot import Ruling, Slot, State

__all__ = [
    "Detector",
    "DetectorSettings",
    "Direction",
    "MethodName",
    "Ruling",
    "SavedStateError",
    "Season",
    "Slot",
    "State",
]
