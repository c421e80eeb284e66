"""`PostedAlert`: an alert as it is handed on, to our own dispatcher and to other Alertmanagers alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from alertd.labels import LabelSet


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedAlert:
    """One alert in the shape of Alertmanager's API, with what alertd knows beside it.

    starts_at      when it began to fire: with `labels` the identity of an episode
    ends_at        when it ended, or will be taken to have ended; None: fires until told otherwise
    updated_at     when it was handed on
    assumed_end    `ends_at` was not said by the sender: it is when the alert will be taken for resolved
    value, threshold, unit   of alerts of our own rules; NaN-free: None when unknown
    resolution     why it ended, for alerts of our own rules
    resolved_value, peak     of alerts of our own rules
    told_once                it is not repeated each repeat_interval
    """

    labels: LabelSet
    annotations: Mapping[str, str]
    starts_at: datetime
    ends_at: datetime | None
    updated_at: datetime
    generator_url: str = ""
    assumed_end: bool = False
    value: float | None = None
    threshold: float | None = None
    unit: str = ""
    resolution: str = ""
    resolved_value: float | None = None
    peak: float | None = None
    told_once: bool = False
    extra: Mapping[str, object] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        return self.labels.fingerprint

    def resolved(self, at: datetime) -> bool:
        """Whether it has ended at `at`."""
        return self.ends_at is not None and self.ends_at <= at

    def ends(self, other: PostedAlert) -> bool:
        """Whether its end is that of `other`, which says to begin only later: it fires since it was posted nevertheless."""
        return self.ends_at is not None and other.updated_at < self.ends_at < other.starts_at
