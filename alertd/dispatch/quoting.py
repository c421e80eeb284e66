"""Group keys: they must equal Alertmanager's byte for byte, receivers' keys are made of them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from alertd.labels.quoting import quote

_PLAIN_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def label_set_text(labels: Mapping[str, str]) -> str:
    """`{a="x", b="y"}`, sorted; a name that is no classic label name is quoted too."""
    pairs = (f"{name if _PLAIN_NAME.fullmatch(name) else quote(name)}={quote(value)}" for name, value in labels.items())
    return "{" + ", ".join(sorted(pairs)) + "}"


def group_key(route_key: str, labels: Mapping[str, str]) -> str:
    r"""`{}:{alertname="A"}`: path of the route and labels of the group."""
    return f"{route_key}:{label_set_text(labels)}"
