"""How unusual is a value for its own series: numpy-only anomaly detectors, thousands of series in one call. Pure.

In: one value per row (series) and slot. Out: a `Slot` of arrays: score, expected band, state, since, what decided.
Never: labels (rows are numbers), queries, alerts. `Detector` is the frame, `Method` what differs: sigma, ewma, robust, seasonal.
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
