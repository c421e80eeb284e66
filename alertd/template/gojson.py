"""Go's encoding/json: sorted keys, no blanks, `< > &` and line separators escaped, floats in Go's form."""

from __future__ import annotations

import math

from alertd.template.errors import CallFailed
from alertd.template.gotime import Time
from alertd.template.notification_data import Alert, Data
from alertd.template.numbers import shortest_digits, with_exponent, without_exponent
from alertd.template.ordering import sorted_items
from alertd.template.quoting import valid_text
from alertd.template.values import NO_VALUE, Func, Map, Object, Pointer, Slice, Struct, type_of

MAX_JSON = 4_000_000
MAX_DEPTH = 60

_ESCAPES = {
    '"': '\\"',
    "\\": "\\\\",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}
_ESCAPES.update({chr(code): f"\\u{code:04x}" for code in range(0x20) if chr(code) not in _ESCAPES})
_TABLE = str.maketrans(_ESCAPES)
_NAMES: dict[type, dict[str, str]] = {
    Data: {"NotificationReason": "notification_reason", "ExternalURL": "externalURL"},
    Alert: {"GeneratorURL": "generatorURL"},
}


def to_json(value: object) -> str:
    """json.Marshal; CallFailed for what it refuses, such as NaN."""
    parts: list[str] = []
    _Writer(parts).write(value, 0)
    return "".join(parts)


class _Writer:
    def __init__(self, parts: list[str]) -> None:
        self.parts = parts
        self.size = 0

    def add(self, text: str) -> None:
        self.parts.append(text)
        self.size += len(text)
        if self.size > MAX_JSON:
            raise CallFailed(f"JSON of more than {MAX_JSON} characters")

    def write(self, value: object, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise CallFailed(f"JSON nested more than {MAX_DEPTH} levels deep")
        if value is None or value is NO_VALUE:
            self.add("null")
        elif isinstance(value, bool):
            self.add("true" if value else "false")
        elif isinstance(value, str):
            self.add(_string(value))
        elif isinstance(value, int):
            self.add(str(int(value)))
        elif isinstance(value, float):
            self.add(_float(value))
        elif isinstance(value, Time):
            self.add(f'"{value.format("2006-01-02T15:04:05.999999999Z07:00")}"')
        elif isinstance(value, Pointer):
            self.write(value.target, depth + 1)
        else:
            self._collection(value, depth)

    def _collection(self, value: object, depth: int) -> None:
        if isinstance(value, Map | Slice) and value.nil:
            self.add("null")
        elif isinstance(value, dict):
            self._object([(_key(key), item) for key, item in sorted_items(value)], depth)
        elif isinstance(value, list | tuple | Slice):
            self._list(value, depth)
        elif isinstance(value, Struct):
            self._object(value.go_values(), depth)
        elif isinstance(value, Object) and not isinstance(value, Func):
            names = _NAMES.get(type(value))
            fields = [(_json_name(name, names), read(value)) for name, read in value.go_fields.items()]
            self._object(fields, depth)
        else:
            raise CallFailed(f"json: unsupported type: {type_of(value).name}")

    def _list(self, items: list[object] | tuple[object, ...] | Slice, depth: int) -> None:
        self.add("[")
        for number, item in enumerate(items):
            if number:
                self.add(",")
            self.write(item, depth + 1)
        self.add("]")

    def _object(self, items: list[tuple[str, object]], depth: int) -> None:
        self.add("{")
        for number, (name, item) in enumerate(items):
            self.add(f"{',' if number else ''}{_string(name)}:")
            self.write(item, depth + 1)
        self.add("}")


def _json_name(name: str, names: dict[str, str] | None) -> str:
    """The tag of a field: given by the table, else with a small first letter; a Pair has no tags."""
    if names is None:
        return name
    return names.get(name, name[0].lower() + name[1:])


def _key(key: object) -> str:
    if isinstance(key, str):
        return str(key)
    if isinstance(key, int) and not isinstance(key, bool):
        return str(int(key))
    raise CallFailed("json: unsupported type: map with such keys")


def _string(text: str) -> str:
    return f'"{valid_text(text).translate(_TABLE)}"'


def _float(value: float) -> str:
    if not math.isfinite(value):
        raise CallFailed(f"json: unsupported value: {'NaN' if value != value else '+Inf' if value > 0 else '-Inf'}")
    sign, digits, exponent = shortest_digits(value)
    if exponent < -6 or exponent >= 21:
        text = with_exponent(digits, exponent)
        # e-09 -> e-9
        return sign + (text[:-2] + text[-1] if text[-4:-1] == "e-0" else text)
    return sign + without_exponent(digits, exponent)
