"""Values <-> what a database keeps: msgpack (NaN and infinity survive, which JSON cannot say), text keys, integer times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from alertd.alerts.alert import Alert
from alertd.alerts.posted import PostedAlert
from alertd.dispatch.silences import Silence
from alertd.labels import LabelSet
from alertd.labels.matcher import Matcher, Op
from alertd.notify.log import LogEntry

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(time: datetime) -> int:
    """Since 1970."""
    return (time - _EPOCH) // _MICROSECOND


def time_of(value: int) -> datetime:
    return _EPOCH + value * _MICROSECOND


def labels_key(labels: LabelSet) -> str:
    """A label set as text: equal for equal sets."""
    return msgspec.json.encode(labels.to_dict()).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, LabelSet):
        return value.to_dict()
    if isinstance(value, float):  # numpy's float64
        return float(value)
    if isinstance(value, Matcher):
        return value.name, value.op, value.value
    raise TypeError(f"cannot be stored: {type(value).__name__}")


def _typed(kind: type, value: Any) -> Any:
    if kind is LabelSet:
        return LabelSet(value)
    if kind is Matcher:
        name, op, text = value
        return Matcher(name, Op(op), text)
    return value  # declared `object`


encode = msgspec.msgpack.Encoder(enc_hook=_plain).encode
decode_alert = msgspec.msgpack.Decoder(Alert, dec_hook=_typed).decode
decode_posted = msgspec.msgpack.Decoder(PostedAlert, dec_hook=_typed).decode
decode_entry = msgspec.msgpack.Decoder(LogEntry, dec_hook=_typed).decode
decode_silence = msgspec.msgpack.Decoder(Silence, dec_hook=_typed).decode
decode_facts = msgspec.msgpack.Decoder(dict[str, Any]).decode
