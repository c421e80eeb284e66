"""`GroupEvent`: many series of a rule anomalous at once: one cause, one alert.

It begins when the detector calls it common (more than a fifth of the series in one slot) and a series' own alert would begin,
and lasts while more than half of that share is in an event. Meanwhile no series' own alert begins; those that fire go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from alertd.labels import LabelSet
from alertd.rules.finding import Band, Judgement

LABEL = {"alertd_group": "true"}
_LASTS_ABOVE = 0.1


@dataclass(frozen=True, slots=True)
class GroupEvent:
    """series: the labels all series had in common when it began; since: unix seconds."""

    series: LabelSet
    since: float


def step(
    event: GroupEvent | None, labels: Sequence[LabelSet], *, common: bool, begins: bool, open_rows: int, at: float
) -> GroupEvent | None:
    """The group event after a slot; None when there is none.

    common     more than a fifth of the series are anomalous
    begins     there is a series whose own alert would fire
    open_rows  series in an event, of `labels` altogether
    """
    if event is None:
        return GroupEvent(shared_labels(labels), at) if common and begins else None
    return event if common or open_rows > _LASTS_ABOVE * len(labels) else None


def shared_labels(labels: Sequence[LabelSet]) -> LabelSet:
    """The labels that every one of them has."""
    shared = set(labels[0].items())
    for one in labels[1:]:
        shared &= one.to_dict().items()
    return LabelSet(shared)


def with_series(judgement: Judgement, series: LabelSet, value: float) -> Judgement:
    """The judgement with one more series seen, so that the value at which a group event ends is known."""
    batch, band = judgement.seen, judgement.band
    assert batch is not None
    assert band is not None
    return replace(
        judgement,
        seen=replace(batch, labels=(*batch.labels, series), values=np.append(batch.values, value)),
        band=Band(np.append(band.lower, np.nan), np.append(band.expected, np.nan), np.append(band.upper, np.nan)),
    )
