"""The base of every settings model, and the field types they share.

A package declares its settings beside the code that obeys them; `config/` only puts them together and reads the files.
"""

from __future__ import annotations

from datetime import UTC, timedelta, tzinfo
from math import isfinite
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
)

from alertd.duration import format_duration, parse_duration
from alertd.secret import HIDDEN, Secret


class Settings(BaseModel):
    """Frozen; an unknown key is an error (config/ adds "did you mean")."""

    # defer_build: a validator is built when something is validated; most models only ever are a part of another one.
    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, populate_by_name=True, defer_build=True
    )


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


def _beside_its_file(value: Path, info: ValidationInfo) -> Path:
    # The loader hands in the folder of the configuration file as `base`; without it, paths stay as they are.
    base = (info.context or {}).get("base")
    return value if base is None else Path(base) / value


def _secret_file(value: Any, info: ValidationInfo) -> Secret:
    if isinstance(value, Secret):
        return value
    if not isinstance(value, (str, Path)) or not str(value):
        raise ValueError("must be the path of a file")
    return Secret(file=_beside_its_file(Path(value), info))


def _share(value: Any) -> float:
    if isinstance(value, float):
        return value
    text = str(value).strip()
    number = text.removesuffix("%").strip()
    try:
        share = float(number) / 100.0
    except ValueError:
        share = -1.0
    if not (isfinite(share) and share >= 0.0) or (number == text and share):
        raise ValueError("must be a percentage, such as 25%")
    return share


def _time_zone(value: Any) -> tzinfo:
    if isinstance(value, tzinfo):
        return value
    if value == "UTC":
        return UTC
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):  # ValueError: no such name can be; OSError: names a folder
        raise ValueError(f'there is no time zone "{value}"; names are such as Europe/Berlin or UTC') from None


_DURATION_SCHEMA = {
    "type": "string",
    "pattern": r"^(0|(?=\d)(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?)$",
    "examples": ["30s", "5m", "1h30m"],
}

Duration = Annotated[
    timedelta, BeforeValidator(_duration), PlainSerializer(format_duration), WithJsonSchema(_DURATION_SCHEMA)
]
"""A Prometheus duration: `30s`, `1h30m`, `0`."""

Share = Annotated[
    float,
    BeforeValidator(_share),
    PlainSerializer(lambda share: f"{100 * share:g}%"),
    WithJsonSchema({"type": "string", "pattern": r"^(0|\d+(\.\d+)?\s*%)$", "examples": ["25%"]}),
]
"""A percentage in the file, a share in the code: `25%` is 0.25."""

TimeZone = Annotated[
    tzinfo,
    BeforeValidator(_time_zone),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "examples": ["UTC", "Europe/Berlin"]}),
]
"""A name of the IANA time zone database; `UTC` is `datetime.UTC`."""

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

FilePath = Annotated[Path, AfterValidator(_beside_its_file)]
"""The path of a file; a relative one is taken from the folder of the configuration file."""
