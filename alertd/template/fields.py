"""Reads fields: of maps, structs and pointers, under the rule for missing map keys (`missingkey`)."""

from __future__ import annotations

from collections.abc import Callable

from alertd.template import gotypes as t
from alertd.template.places import Fail
from alertd.template.quoting import go_quote
from alertd.template.values import NO_VALUE, Map, Object, Pointer, Struct, type_of, zero

Read = Callable[[object], object]


def field_reader(name: str, *, missingkey: str, has_args: bool, fail: Fail) -> Read:
    """A function from a value to its field `name`; methods have been looked for before.

    missingkey   `zero`: a missing key is the zero value of the elements; `error`: it fails; else: NO_VALUE
    """

    def missing(items: dict[object, object]) -> object:
        if missingkey == "zero":
            elem = type_of(items).elem
            return "" if elem is t.STRING else zero(elem if elem is not None else t.ANY)
        if missingkey == "error":
            fail(f"map has no entry for key {go_quote(name)}")
        return NO_VALUE

    def read(value: object) -> object:
        if isinstance(value, dict) and _takes_names(value):
            if has_args:
                fail(f"{name} is not a method but has arguments")
            found = value.get(name, NO_VALUE)
            return missing(value) if found is NO_VALUE else found
        if value is NO_VALUE:
            if missingkey == "error":
                fail(f"nil data; no entry for key {go_quote(name)}")
            return NO_VALUE
        found = _struct_field(value, name, fail)
        if found is not _ABSENT and has_args:
            fail(f"{name} has arguments but cannot be invoked as function")
        if found is _ABSENT:
            if isinstance(value, Pointer) and isinstance(value.target, dict):
                return read(value.target)
            fail(f"can't evaluate field {name} in type {type_of(value).name}")
        return found

    return read


_ABSENT = object()


def _takes_names(items: dict[object, object]) -> bool:
    return not isinstance(items, Map) or items.go_type.key in (t.STRING, t.ANY)


def _struct_field(value: object, name: str, fail: Fail) -> object:
    if isinstance(value, Pointer):
        if value.target is None and (value.elem.kind != "struct" or name in dict(value.elem.fields)):
            fail(f"nil pointer evaluating {type_of(value).name}.{name}")
        value = value.target
    elif value is None:
        fail(f"nil pointer evaluating interface {{}}.{name}")
    if isinstance(value, Struct):
        if name in value.values and not name[:1].isupper():
            fail(f"{name} is an unexported field of struct type {type_of(value).name}")
        return value.values.get(name, _ABSENT)
    if isinstance(value, Object) and name in value.go_fields:
        return value.go_fields[name](value)
    return _ABSENT
