"""Standard Webhooks signatures: a receiver can tell that a message is ours, and is not an old one.

source   https://www.standardwebhooks.com, specification 1.0.0
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime

PREFIX = "whsec_"
_SHORTEST_KEY = 24
_LONGEST_KEY = 64


def key_of(secret: str) -> bytes:
    """The key of `whsec_<base64>`; ValueError when it is none."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError(f"a signing secret is {PREFIX} and base64") from None
    if not _SHORTEST_KEY <= len(key) <= _LONGEST_KEY:
        raise ValueError(f"a signing secret holds {_SHORTEST_KEY} to {_LONGEST_KEY} bytes, this one {len(key)}")
    return key


def signature_headers(keys: Iterable[bytes], *, delivery_id: str, body: bytes, at: datetime) -> Mapping[str, str]:
    """The three headers; the id is the same at every attempt, the time and so the signature are not.

    keys   all that count at the moment: while a secret is changed, the new one and the old
    """
    message_id, timestamp = f"msg_{delivery_id}", str(int(at.timestamp()))
    signed = f"{message_id}.{timestamp}.".encode() + body
    signatures = (hmac.new(key, signed, hashlib.sha256).digest() for key in keys)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join("v1," + base64.b64encode(one).decode() for one in signatures),
    }
