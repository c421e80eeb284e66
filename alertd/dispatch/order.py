"""The order of alerts in a notification: by job, by instance, then by label set."""

from __future__ import annotations

from functools import lru_cache

from alertd.alerts.posted import PostedAlert
from alertd.labels import LabelSet

SortKey = tuple[object, ...]


def notification_order(alert: PostedAlert) -> SortKey:
    """Sorts alerts as Alertmanager does: `job`, then `instance` (those without the label last), then the label set."""
    return (*_label_first(alert.labels, "job"), *_label_first(alert.labels, "instance"), *label_order(alert.labels))


def _label_first(labels: LabelSet, name: str) -> tuple[bool, str]:
    return name not in labels, labels.get(name)


def label_order(labels: LabelSet) -> SortKey:
    """The order of label sets, and of groups by theirs: fewer labels first; then name by name, where the set that lacks a name comes before the one that has it."""
    return len(labels), tuple((_descending(name), value) for name, value in labels.items())


@lru_cache(maxsize=4096)
def _descending(name: str) -> tuple[int, ...]:
    """Sorts names backwards: with equally many labels, the greater name at one place means the lesser name is lacking."""
    return (*(-ord(character) for character in name), 1)
