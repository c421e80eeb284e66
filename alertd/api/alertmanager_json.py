"""Alerts in the JSON of Alertmanager's API v2. What does not change from answer to answer is encoded once and kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from alertd.alerts.posted import PostedAlert
from alertd.labels import LabelSet

NO_END = datetime(1, 1, 1, tzinfo=UTC)
_ESCAPED = (
    (b"<", rb"\u003c"), (b">", rb"\u003e"), (b"&", rb"\u0026"),
    ("\u2028".encode(), rb"\u2028"), ("\u2029".encode(), rb"\u2029"),
)  # fmt: skip


def go_json(value: object) -> bytes:
    """JSON as Go writes it: no spaces, and nothing in it that a browser could take for HTML or the end of a line."""
    text = msgspec.json.encode(value)
    for plain, escaped in _ESCAPED:
        if plain in text:  # inside of strings only
            text = text.replace(plain, escaped)
    return text


def timestamp(at: datetime | None) -> str:
    """RFC 3339 with exactly three decimals; None as Go's zero time."""
    return (at or NO_END).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _Kept(msgspec.Struct, gc=False):
    """An alert and its parts; part of no circle, and so not looked at by the collector, a hundred thousand times."""

    alert: PostedAlert
    before_receivers: bytes
    before_status: bytes
    rest: bytes


class AlertJson:
    """Encodes alerts; remembers the unchanging parts of each until a newer copy of it comes.

    The parts are what stands before and behind `receivers` and between `startsAt` and `updatedAt`: only the status and the
    receivers are of the moment.
    """

    def __init__(self) -> None:
        self._known: dict[LabelSet, _Kept] = {}

    def encode(self, alert: PostedAlert, *, receivers: bytes, status: bytes) -> bytes:
        """`receivers` and `status` are JSON already."""
        known = self._known.get(alert.labels)
        if known is None or known.alert is not alert:
            known = self._known[alert.labels] = _Kept(alert, *_parts(alert))
        return b"".join((known.before_receivers, receivers, known.before_status, status, known.rest))

    def __len__(self) -> int:
        return len(self._known)


def _parts(alert: PostedAlert) -> tuple[bytes, bytes, bytes]:
    head = {
        "annotations": dict(alert.annotations),
        "endsAt": timestamp(alert.ends_at),
        "fingerprint": alert.fingerprint,
    }
    tail: dict[str, object] = {"updatedAt": timestamp(alert.updated_at)}
    if alert.generator_url:
        tail["generatorURL"] = alert.generator_url
    tail["labels"] = alert.labels.to_dict()
    return (
        go_json(head)[:-1] + b',"receivers":',
        b',"startsAt":"' + timestamp(alert.starts_at).encode() + b'","status":',
        b"," + go_json(tail)[1:],
    )


def receivers_json(names: Iterable[str]) -> bytes:
    """`[{"name":"ops"}]`."""
    return go_json([{"name": name} for name in names])


def status_json(*, inhibited_by: Sequence[str], silenced_by: Sequence[str], muted_by: Sequence[str]) -> bytes:
    """Suppressed as soon as anything keeps it from being told."""
    state = "suppressed" if inhibited_by or silenced_by or muted_by else "active"
    return msgspec.json.encode(
        {"inhibitedBy": inhibited_by, "mutedBy": muted_by, "silencedBy": silenced_by, "state": state}
    )
