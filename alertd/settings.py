"""The base of every settings model, and the field types they share.

A package declares its settings beside the code that obeys them; `config/` only puts them together and reads the files.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema

from alertd.duration import format_duration, parse_duration
from alertd.secret import HIDDEN, Secret


class Settings(BaseModel):
    """Frozen; an unknown key is an error (config/ adds "did you mean")."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, populate_by_name=True)


def _duration(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    return parse_duration(str(value))


def _secret(value: Any) -> Secret:
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str):
        raise ValueError("must be a text")
    return Secret(value)


def _secret_file(value: Any) -> Secret:
    return value if isinstance(value, Secret) else Secret(file=Path(value))


_DURATION_SCHEMA = {
    "type": "string",
    "pattern": r"^(0|(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?)$",
    "examples": ["30s", "5m", "1h30m"],
}

Duration = Annotated[
    timedelta, BeforeValidator(_duration), PlainSerializer(format_duration), WithJsonSchema(_DURATION_SCHEMA)
]
"""A Prometheus duration: `30s`, `1h30m`, `0`."""

SecretText = Annotated[
    Secret, BeforeValidator(_secret), PlainSerializer(lambda _: HIDDEN), WithJsonSchema({"type": "string"})
]
"""A secret written in the file (or through `${VAR}`); never printed."""

SecretFile = Annotated[
    Secret,
    BeforeValidator(_secret_file),
    PlainSerializer(lambda value: str(value.file)),
    WithJsonSchema({"type": "string"}),
]
"""The path of a file that holds a secret, read at each use."""
