"""Parameters of a rule file: what it can be told without being edited.

parameters:
  high_token_rate: {default: 100000, unit: tokens/s, description: HighLLMTokenUsage warns above this}
  job: {type: regex, default: .*agentgateway.*, description: the gateway's job in Prometheus}

`${high_token_rate}` anywhere below `groups` is its value, `${high_token_rate * 0.8}` that share of a number. Files without
`parameters` are left as they are, whatever is in them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from zoneinfo import ZoneInfo

from alertd.config.fields import LABEL_NAME, FieldReader
from alertd.config.model_problems import DURATION_FIX
from alertd.duration import DurationError, parse_duration
from alertd.labels.regex import RegexError, compile_pattern
from alertd.yamlio import Entry, Items, Node, Scalar, Table, Tag, is_null, suggestion

KEY = "parameters"
_FIELDS = ("type", "default", "unit", "description")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_REFERENCE = re.compile(r"\$\{(?!\d+\})\s*([^{}*]*?)\s*(?:\*\s*([^{}]*?)\s*)?\}")  # ${1} belongs to regular expressions
_UNSAFE = re.compile(r"[\"'`\\{}\s]")


class Type(StrEnum):
    """What values a parameter takes."""

    NUMBER = "number"
    DURATION = "duration"  # 5m
    LABELS = "labels"  # names of labels by comma, for by (...)
    REGEX = "regex"  # inside quotes of a matcher
    TIMEZONE = "timezone"  # Europe/Berlin
    TEXT = "text"  # inside quotes: a job, a part of a URL


def _number(text: str) -> str:
    return "" if _NUMBER.fullmatch(text) else "must be a number, such as 0.05 or 2e6"


def _duration(text: str) -> str:
    try:
        return "" if parse_duration(text) else "must be longer than 0"
    except DurationError as error:
        return f"{error}; {DURATION_FIX}"


def _labels(text: str) -> str:
    wrong = [name for name in text.split(",") if LABEL_NAME.fullmatch(name.strip()) is None]
    return f'"{wrong[0].strip()}" is no name of a label; write names by comma' if wrong else ""


def _regex(text: str) -> str:
    try:
        compile_pattern(text)
    except RegexError as error:
        return str(error)
    return _plain(text, "write [.] for a dot that is only a dot")


def _plain(text: str, fix: str = "it stands inside quotes") -> str:
    found = _UNSAFE.search(text)
    return f"must not contain {found[0]!r}; {fix}" if found else ""


def _timezone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (KeyError, OSError, ValueError):
        return f'there is no time zone "{text}"; give an IANA name, such as Europe/Berlin'
    return ""


_FAULTS: Mapping[Type, Callable[[str], str]] = {
    Type.NUMBER: _number,
    Type.DURATION: _duration,
    Type.LABELS: _labels,
    Type.REGEX: _regex,
    Type.TIMEZONE: _timezone,
    Type.TEXT: _plain,
}
"""By type what is wrong with a value, with the remedy behind a semicolon; "" where nothing is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter as its file declares it."""

    name: str
    type: Type
    default: Scalar
    unit: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Filled(Scalar):
    """A text with references filled in, which knows its places in the text as it was written.

    written  the scalar as it is in the file
    shifts   for each reference: where it begins in the filled text, where its value ends there, and where it begins and
             ends in the written one
    """

    written: Scalar
    shifts: tuple[tuple[int, int, int, int], ...]

    def place(self, offset: int) -> tuple[int, int]:
        at = offset
        for start, end, written_start, written_end in self.shifts:
            if offset >= end:
                at = offset - end + written_end
            elif offset >= start:
                at = written_start
        return self.written.place(at)


class Parameters:
    """The parameters of one rule file with their values.

    given   values by name, where they are not the defaults; problems with them are told at their own places
    """

    def __init__(self, root: Table, fields: FieldReader, given: Mapping[str, Entry], *, owner: str) -> None:
        self._fields = fields
        self._values = {parameter.name: (parameter.type, parameter.default) for parameter in _declared(root, fields)}
        for name, entry in given.items():
            self._give(name, entry, owner)

    def fill(self, node: Node) -> Node:
        """The same values with every reference filled in."""
        match node:
            case Scalar() if "${" in node.text:
                return self._filled(node)
            case Items():
                return replace(node, items=tuple(one for item in node.items for one in self._items(item)))
            case Table():
                entries = {key: Entry(entry.key, self.fill(entry.value)) for key, entry in node.entries.items()}
                return replace(node, entries=entries)
        return node

    def _items(self, item: Node) -> Iterator[Node]:
        """An item of a list; names of labels become an item each."""
        filled = self.fill(item)
        match = _REFERENCE.fullmatch(item.text) if isinstance(item, Scalar) else None
        if match is None or not isinstance(filled, Scalar) or self._values.get(match[1], (None,))[0] is not Type.LABELS:
            yield filled
            return
        for name in filled.text.split(","):
            yield replace(filled, text=name.strip())

    def _give(self, name: str, entry: Entry, owner: str) -> None:
        if name not in self._values:
            known = suggestion(name, self._values, label="parameters")
            self._fields.wrong(entry.key, f'{owner} has no parameter "{name}"', known)
            return
        kind, _ = self._values[name]
        if isinstance(entry.value, Scalar) and _fits(entry.value, kind, self._fields):
            self._values[name] = kind, entry.value

    def _filled(self, scalar: Scalar) -> Scalar:
        parts: list[str] = []
        shifts: list[tuple[int, int, int, int]] = []
        written = filled = 0
        for match in _REFERENCE.finditer(scalar.text):
            value = self._value(match, scalar)
            before = scalar.text[written : match.start()]
            start = filled + len(before)
            parts += [before, value]
            shifts.append((start, start + len(value), match.start(), match.end()))
            written, filled = match.end(), start + len(value)
        text = "".join([*parts, scalar.text[written:]])
        fields = {name: getattr(scalar, name) for name in ("source", "path", "line", "column", "style")}
        return _Filled(**fields, text=text, tag=Tag.STR, written=scalar, shifts=tuple(shifts))

    def _value(self, match: re.Match[str], scalar: Scalar) -> str:
        name, factor = match[1], match[2]
        kind, value = self._values.get(name, (None, None))
        if value is None or kind is None:
            self._wrong(
                scalar, match, f'there is no parameter "{name}"', suggestion(name, self._values, label="parameters")
            )
            return match[0]
        if factor is None:
            return value.text
        if kind is not Type.NUMBER or _number(factor):
            self._wrong(scalar, match, f'"{match[0]}" is no share of a number', "such as ${limit * 0.8}")
            return value.text
        return f"{float(value.text) * float(factor):.15g}"

    def _wrong(self, scalar: Scalar, match: re.Match[str], message: str, fix: str) -> None:
        self._fields.problems.append(scalar.problem(message, fix=fix, at=scalar.place(match.start())))


def declared_parameters(root: Table) -> tuple[Parameter, ...]:
    """The parameters of a rule file, without those that are at fault."""
    return tuple(_declared(root, FieldReader()))


def _declared(root: Table, fields: FieldReader) -> Iterator[Parameter]:
    found = fields.table(root, KEY)
    for name, entry in found.entries.items() if found is not None else ():
        if _NAME.fullmatch(name) is None:
            fields.wrong(entry.key, f"invalid parameter name: {name}", "use lower-case letters, digits and _")
        elif not isinstance(entry.value, Table):
            fields.wrong(entry.value, "must be a mapping with default and description", "such as {default: 5}")
        elif (parameter := _parameter(name, entry.value, fields)) is not None:
            yield parameter


def _parameter(name: str, node: Table, fields: FieldReader) -> Parameter | None:
    fields.keys(node, _FIELDS, remedies={})
    kind = fields.choice(node, "type", Type.NUMBER)
    default = fields.scalar(node, "default")
    if default is None or is_null(default):
        fields.wrong(node, f'parameter "{name}" needs a default')
        return None
    if not _fits(default, kind, fields):
        return None
    unit, description = fields.text(node, "unit"), fields.text(node, "description")
    return Parameter(name=name, type=kind, default=default, unit=unit, description=description)


def _fits(value: Scalar, kind: Type, fields: FieldReader) -> bool:
    message, _, fix = _FAULTS[kind](value.text).partition("; ")
    if message:
        fields.wrong(value, message, fix)
    return not message
