"""Silences: who is not to be told of what, and until when; how they are made, changed and ended.

A silence is never edited into something else: what it muted stays on record. A change that would alter whom it mutes, or
since when, ends it and begins another one.
source   Alertmanager silence.Silences, api/v2
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from alertd.errors import AlertdError
from alertd.labels.matcher import Matcher, Matchers, Op, all_match
from alertd.labels.quoting import quote
from alertd.labels.regex import RegexError, compile_pattern

_REGEXES = (Op.REGEX, Op.NOT_REGEX)


class SilenceError(AlertdError):
    """The silence cannot be made or changed so; worded as Alertmanager's API does."""


class UnknownSilenceError(SilenceError):
    """There is no silence with this id."""

    def __init__(self) -> None:
        super().__init__("silence not found")


class SilenceState(StrEnum):
    """In the order in which they are listed."""

    ACTIVE = "active"
    PENDING = "pending"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceDraft:
    """What somebody asks for; `id` of the silence it is to change, "" for a new one. All times are UTC-aware."""

    matchers: Matchers
    starts_at: datetime
    ends_at: datetime
    created_by: str = ""
    comment: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """It mutes what all of its matchers match, from `starts_at` until `ends_at`."""

    id: str
    matchers: Matchers
    starts_at: datetime
    ends_at: datetime
    updated_at: datetime
    created_by: str = ""
    comment: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)

    def state(self, at: datetime) -> SilenceState:
        """Its state at that time; an interrupted one is expired from the very moment of its end."""
        if at >= self.ends_at:
            return SilenceState.EXPIRED
        return SilenceState.PENDING if at < self.starts_at else SilenceState.ACTIVE

    def matches(self, labels: Mapping[str, str]) -> bool:
        return all_match(self.matchers, labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceChange:
    """What is to be saved in one transaction before the answer is given; `id` is that of the silence asked for."""

    id: str
    silences: tuple[Silence, ...] = ()


class SilenceStore(Protocol):
    async def silences(self) -> Sequence[Silence]:
        """Every silence, expired ones too."""
        ...


class SilenceWrites(Protocol):
    def put_silence(self, silence: Silence) -> None:
        """Add it, or replace the one with its id."""
        ...

    def drop_silences(self, ids: Collection[str]) -> None: ...


def silence_matchers(parts: Iterable[tuple[str, Op, str]]) -> Matchers:
    """Matchers of name, operator and value as a client gave them; raises SilenceError."""
    matchers = []
    for position, (name, op, value) in enumerate(parts):
        if not name:
            raise SilenceError(f'silence invalid: invalid label matcher {position}: invalid label name ""')
        try:
            if op in _REGEXES:
                compile_pattern(value)
            matchers.append(Matcher(name, op, value))
        except RegexError as error:
            raise SilenceError(
                f"silence invalid: invalid label matcher {position}: invalid regular expression {quote(value)}: {error}"
            ) from None
    return tuple(matchers)


def save_silence(known: Silence | None, draft: SilenceDraft, *, new_id: str, at: datetime) -> SilenceChange:
    """Make a silence, or change `known`, the one that has the draft's id.

    The id stays where whom it mutes and since when stay the same; else what is there ends now and `new_id` begins.
    Raises SilenceError, UnknownSilenceError.
    """
    if draft.id and known is None:
        raise UnknownSilenceError
    _check(draft, at)
    if known is not None and _stays_itself(known, draft, at):
        return SilenceChange(id=known.id, silences=(_silence(draft, known.id, at, starts_at=draft.starts_at),))
    fresh = _silence(draft, new_id, at, starts_at=max(draft.starts_at, at))
    return SilenceChange(id=new_id, silences=(*_ended(known, at), fresh))


def expire_silence(known: Silence | None, *, at: datetime) -> SilenceChange:
    """End a silence now; one that is over stays as it is. Raises UnknownSilenceError."""
    if known is None:
        raise UnknownSilenceError
    return SilenceChange(id=known.id, silences=_ended(known, at))


def listed(
    silences: Iterable[Silence],
    *,
    at: datetime,
    matchers: Iterable[Matcher] = (),
    states: Collection[SilenceState] = frozenset(SilenceState),
) -> list[Silence]:
    """Those in `states` that have every one of `matchers` among their own, in the order people want to see them:
    active ones that end soonest, pending ones that begin soonest, expired ones that ended last.
    """
    wanted = set(matchers)
    found = [silence for silence in silences if silence.state(at) in states and wanted <= set(silence.matchers)]
    by_state = {
        SilenceState.ACTIVE: lambda silence: silence.ends_at.timestamp(),
        SilenceState.PENDING: lambda silence: silence.starts_at.timestamp(),
        SilenceState.EXPIRED: lambda silence: -silence.ends_at.timestamp(),
    }
    return [
        silence
        for state, key in by_state.items()
        for silence in sorted((one for one in found if one.state(at) is state), key=key)
    ]


def _check(draft: SilenceDraft, at: datetime) -> None:
    if draft.starts_at >= draft.ends_at:
        raise SilenceError("Failed to create silence: start time must be before end time")
    if draft.ends_at <= at:
        raise SilenceError("Failed to create silence: end time can't be in the past")
    if not draft.matchers:
        raise SilenceError("silence invalid: at least one matcher required")
    # A negative matcher passes whatever it says, as in Alertmanager: a!="" is how one silences wherever a label is set.
    if all(matcher.op in (Op.EQUAL, Op.REGEX) and matcher.accepts("") for matcher in draft.matchers):
        raise SilenceError("silence invalid: at least one matcher must not match the empty string")


def _stays_itself(known: Silence, draft: SilenceDraft, at: datetime) -> bool:
    if known.matchers != draft.matchers:
        return False
    match known.state(at):
        case SilenceState.ACTIVE:  # clients send times back with less precision than they got
            return draft.starts_at.replace(microsecond=0) == known.starts_at.replace(microsecond=0)
        case SilenceState.PENDING:
            return draft.starts_at >= at
        case SilenceState.EXPIRED:
            return False


def _silence(draft: SilenceDraft, silence_id: str, at: datetime, *, starts_at: datetime) -> Silence:
    return Silence(
        id=silence_id,
        matchers=draft.matchers,
        starts_at=starts_at,
        ends_at=draft.ends_at,
        updated_at=at,
        created_by=draft.created_by,
        comment=draft.comment,
        annotations=draft.annotations,
    )


def _ended(known: Silence | None, at: datetime) -> tuple[Silence, ...]:
    if known is None or known.state(at) is SilenceState.EXPIRED:
        return ()
    return (replace(known, starts_at=min(known.starts_at, at), ends_at=at, updated_at=at),)
