"""Silences in the JSON of Alertmanager's API v2: what is posted, and what is answered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from alertd.api.alertmanager_json import timestamp
from alertd.api.openapi_errors import (
    TOO_FEW,
    Field,
    check_required,
    check_types,
    decode_json,
    invalid,
    malformed,
)
from alertd.api.parameters import parse_time
from alertd.dispatch.silences import Silence, SilenceDraft, silence_matchers
from alertd.labels.matcher import Op

NAME = "silence"
FIELDS = (
    Field(name="id", place=".id"),
    Field(name="annotations", place="Silence.annotations", kind="models.LabelSet"),
    Field(name="comment", place="Silence.comment", required=True),
    Field(name="createdBy", place="Silence.createdBy", required=True),
    Field(name="endsAt", place="Silence.endsAt", required=True),
    Field(name="matchers", place="Silence.matchers", kind="models.Matchers", required=True),
    Field(name="startsAt", place="Silence.startsAt", required=True),
)
"""In the order in which Alertmanager looks at them."""

MATCHER_FIELDS = (
    Field(name="isEqual", place="Matcher.matchers.isEqual", kind="bool"),
    Field(name="isRegex", place="Matcher.matchers.isRegex", kind="bool", required=True),
    Field(name="name", place="Matcher.matchers.name", required=True),
    Field(name="value", place="Matcher.matchers.value", required=True),
)
_OPS = {(True, False): Op.EQUAL, (True, True): Op.REGEX, (False, False): Op.NOT_EQUAL, (False, True): Op.NOT_REGEX}
"""By isEqual and isRegex."""
_FLAGS = {op: flags for flags, op in _OPS.items()}


def decode_silence(body: bytes) -> SilenceDraft:
    """What is asked for; fields beyond those of a draft are let be. Raises ApiError, SilenceError."""
    silence = decode_json(body, NAME)
    if silence is None:
        silence = {}
    check_types(silence, FIELDS, body=NAME, kind="models.PostableSilence")
    for matcher in silence.get("matchers") or ():
        check_types(matcher, MATCHER_FIELDS, body=NAME, kind="models.Matcher")
    times = {name: _time(silence.get(name)) for name in ("startsAt", "endsAt")}
    _check(silence)
    return SilenceDraft(
        id=silence.get("id") or "",
        matchers=silence_matchers(
            (matcher["name"], _OPS[matcher.get("isEqual") is not False, matcher["isRegex"]], matcher["value"])
            for matcher in silence["matchers"]
        ),
        starts_at=times["startsAt"],
        ends_at=times["endsAt"],
        created_by=silence["createdBy"],
        comment=silence["comment"],
        annotations={name: text or "" for name, text in (silence.get("annotations") or {}).items()},
    )


def _check(silence: Mapping[str, Any]) -> None:
    before, after = FIELDS[:6], FIELDS[6:]  # matchers are looked at before the field behind them
    check_required(silence, before)
    if not silence["matchers"]:
        raise invalid("matchers in body should have at least 1 items", TOO_FEW)
    for number, matcher in enumerate(silence["matchers"]):
        check_required(matcher, MATCHER_FIELDS, at=f"matchers.{number}.")
    check_required(silence, after)


def _time(given: str | None) -> datetime:
    try:
        return parse_time(given or "")
    except ValueError as error:
        raise malformed(NAME, str(error)) from None


def silence_json(silence: Silence, *, at: datetime) -> Mapping[str, Any]:
    """What is answered about a silence, with its state at that time."""
    return {
        "id": silence.id,
        "status": {"state": silence.state(at).value},
        "updatedAt": timestamp(silence.updated_at),
        "annotations": dict(silence.annotations),
        "comment": silence.comment,
        "createdBy": silence.created_by,
        "endsAt": timestamp(silence.ends_at),
        "matchers": [_matcher_json(matcher.name, matcher.op, matcher.value) for matcher in silence.matchers],
        "startsAt": timestamp(silence.starts_at),
    }


def _matcher_json(name: str, op: Op, value: str) -> Mapping[str, Any]:
    is_equal, is_regex = _FLAGS[op]
    return {"isEqual": is_equal, "isRegex": is_regex, "name": name, "value": value}
