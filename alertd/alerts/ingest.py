"""Alerts posted by others: what is accepted, and how a newer post changes an alert that is known already. Pure.

source   Alertmanager api/v2 postAlerts, types.Alert.Validate and types.Alert.Merge
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec

from alertd.alerts.posted import PostedAlert
from alertd.errors import AlertdError
from alertd.labels import LabelSet


class InvalidAlertError(AlertdError):
    """A posted alert that cannot be taken, worded as Alertmanager words it."""


class RawAlert(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An alert as it was posted; a time that was not given, or given as Go's zero time, is None."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str] = {}
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    generator_url: str = ""


def accept(raw: RawAlert, *, at: datetime, resolve_timeout: timedelta, labels: LabelSet | None = None) -> PostedAlert:
    """The alert as it is taken at `at`; raises InvalidAlertError.

    Without a start it begins now, or at its end; without an end it is taken for resolved `resolve_timeout` from now.

    labels   those of `raw`, where somebody has them already
    """
    starts_at = raw.starts_at or raw.ends_at or at
    ends_at = raw.ends_at or at + resolve_timeout
    labels = LabelSet(raw.labels) if labels is None else labels
    if not labels:
        raise InvalidAlertError("at least one label pair required")
    _check_names(labels, "label set")
    _check_names(raw.annotations, "annotations")
    if starts_at > ends_at:
        raise InvalidAlertError("start time must be before end time")
    return PostedAlert(
        labels=labels,
        annotations=dict(sorted(raw.annotations.items())),
        starts_at=starts_at,
        ends_at=ends_at,
        updated_at=at,
        generator_url=raw.generator_url,
        assumed_end=raw.ends_at is None,
    )


def _check_names(names: Mapping[str, str], what: str) -> None:
    """Any text may name a label since Alertmanager 0.27, but not an empty one."""
    if "" in names:
        raise InvalidAlertError(f'invalid {what}: invalid name ""')


def merge(old: PostedAlert | None, new: PostedAlert, *, at: datetime) -> PostedAlert:
    """What is known after `new` was posted about an alert known as `old`.

    Posts whose times overlap speak of one episode, which keeps its first start; others begin a new one.
    """
    if old is None or not _overlap(old, new):
        return new
    end = _end(old, new, at)
    if not end and old.starts_at == new.starts_at:
        return new
    return replace(new, starts_at=min(old.starts_at, new.starts_at), **end)  # type: ignore[arg-type]


def _overlap(old: PostedAlert, new: PostedAlert) -> bool:
    if old.ends_at is None or new.ends_at is None:
        return True
    return old.starts_at < new.ends_at < old.ends_at or old.starts_at < new.starts_at < old.ends_at


def _end(old: PostedAlert, new: PostedAlert, at: datetime) -> dict[str, object]:
    if new.ends_at is None or old.ends_at is None:
        return {}
    if new.resolved(at):
        return {"ends_at": max(old.ends_at, new.ends_at)} if old.resolved(at) else {}
    # An end that was said is not taken back by a post that says nothing later; an assumed one is.
    if old.ends_at > new.ends_at and not old.assumed_end:
        return {"ends_at": old.ends_at, "assumed_end": False}
    return {}
