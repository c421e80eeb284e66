"""`Mutes`: everything that keeps an alert from being told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from alertd.alerts.posted import PostedAlert
from alertd.dispatch.inhibition import Inhibition


class MuteStage(StrEnum):
    """Why an alert is held back, in the order in which it is asked."""

    INHIBITED = "inhibited"
    INACTIVE = "outside of the route's active time intervals"
    MUTED = "within a mute time interval of the route"
    SILENCED = "silenced"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutes:
    """All reasons at once, so that it can be told what would still mute once one of them is gone. False: none.

    inhibited_by   sources and rules, the first few
    inactive       names of the route's active time intervals, when none of them holds
    muted_by       names of the route's mute time intervals that hold
    silenced_by    ids of silences, sorted
    """

    inhibited_by: tuple[Inhibition, ...] = ()
    inactive: tuple[str, ...] = ()
    muted_by: tuple[str, ...] = ()
    silenced_by: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.inhibited_by or self.inactive or self.muted_by or self.silenced_by)

    @property
    def stage(self) -> MuteStage | None:
        """The first reason; None when nothing mutes."""
        reasons = {
            MuteStage.INHIBITED: self.inhibited_by,
            MuteStage.INACTIVE: self.inactive,
            MuteStage.MUTED: self.muted_by,
            MuteStage.SILENCED: self.silenced_by,
        }
        return next((stage for stage, by in reasons.items() if by), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class MutedAlert:
    """An alert that is held back, and why."""

    alert: PostedAlert
    why: Mutes
