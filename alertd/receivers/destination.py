"""A name for where an integration sends that gives nothing away."""

from __future__ import annotations

import hashlib

from alertd.secret import Secret


def destination(kind: str, *parts: Secret | str) -> str:
    """`slack:5f3a...`: a digest of URLs, keys, or the paths of their files; equal for equal parts."""
    texts = [part if isinstance(part, str) else part.value or str(part.file) for part in parts]
    return f"{kind}:" + hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
