"""Muting: which alerts of a group are held back at a flush.

Asked in Alertmanager's order: inhibition, active and mute time intervals of the route, silences; of firing and resolved
alerts alike. What an integration is still owed of a muted alert (its end, if it was told of it) is decided in `notify/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from alertd.dispatch.grouping import GroupFlush
from alertd.dispatch.inhibition import Inhibitor
from alertd.dispatch.mutes import MutedAlert, Mutes
from alertd.dispatch.route import Route
from alertd.dispatch.silence_index import Silences
from alertd.dispatch.time_intervals import TimeIntervalSettings
from alertd.labels import LabelSet

INHIBITIONS_NAMED = 5
"""A gateway that is down may inhibit with hundreds of alerts at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Muter:
    """Everything that can mute; `intervals` by name."""

    inhibitor: Inhibitor
    silences: Silences
    intervals: Mapping[str, TimeIntervalSettings]

    def hold_back(self, flush: GroupFlush, at: datetime) -> GroupFlush:
        """The flush with the alerts that are muted at that time set apart, each with its reasons."""
        by_route = self.by_route(flush.route, at)
        told, muted = [], []
        for alert in flush.alerts:
            why = self._with_labels(by_route, alert.labels, at)
            if why:
                muted.append(MutedAlert(alert=alert, why=why))
            else:
                told.append(alert)
        return flush.of(told, muted=muted)

    def mutes(self, labels: LabelSet, route: Route, at: datetime) -> Mutes:
        """Everything that mutes an alert with these labels on this route at that time."""
        return self._with_labels(self.by_route(route, at), labels, at)

    def by_route(self, route: Route, at: datetime) -> Mutes:
        """What mutes every alert of the route at that time."""
        active = any(self.intervals[name].contains(at) for name in route.active_time_intervals)
        return Mutes(
            inactive=() if active else route.active_time_intervals,
            muted_by=tuple(name for name in route.mute_time_intervals if self.intervals[name].contains(at)),
        )

    def _with_labels(self, mutes: Mutes, labels: LabelSet, at: datetime) -> Mutes:
        inhibited_by = tuple(islice(self.inhibitor.inhibitions(labels, at), INHIBITIONS_NAMED))
        silenced_by = self.silences.muted_by(labels, at)
        if not inhibited_by and not silenced_by:
            return mutes
        return replace(mutes, inhibited_by=inhibited_by, silenced_by=silenced_by)
