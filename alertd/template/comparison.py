"""Logic and comparison in templates: typed as in Go, where an int never equals a float and 1 < 1.5 is an error."""

from __future__ import annotations

from alertd.template.errors import CallFailed
from alertd.template.fmt import sprintf
from alertd.template.quoting import to_bytes
from alertd.template.values import NO_VALUE, Func, Object, Pointer, Slice, Struct, is_nil, is_true, type_of

_MISMATCH = "incompatible types for comparison"
_NUMBERS = (float, int)  # two of one of these compare at once
_PLAIN = (str, float, int)


def and_(first: object, *others: object) -> object:
    """The first false operand, or the last. (The interpreter stops evaluating by itself.)"""
    for other in others:
        if not is_true(first):
            break
        first = other
    return first


def or_(first: object, *others: object) -> object:
    """The first true operand, or the last."""
    for other in others:
        if is_true(first):
            break
        first = other
    return first


def not_(value: object) -> bool:
    """Whether a value is false."""
    return not is_true(value)


def basic_kind(value: object) -> str:
    """bool, int, float, complex or string; "" for what has no order or plain equality."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    if isinstance(value, float):
        return "float"
    if isinstance(value, str):
        return "string"
    return "complex" if isinstance(value, complex) else ""


def eq(first: object, *others: object) -> bool:
    """Whether the first operand equals any other; stops at the first that does."""
    if len(others) == 1 and type(first) is type(others[0]) and type(first) in _PLAIN:
        return first == others[0]
    if not others:
        raise CallFailed("missing argument for comparison")
    kind = basic_kind(first)
    for other in others:
        if basic_kind(other) != kind:
            if not is_nothing(first) and not is_nothing(other):
                raise CallFailed(_MISMATCH)
        elif (kind and first == other) or (not kind and _equal(first, other)):
            return True
    return False


def is_nothing(value: object) -> bool:
    """Whether there is no value at all, or a nil interface."""
    return value is None or value is NO_VALUE


def _equal(first: object, other: object) -> bool:
    """Equality of what has no basic kind: nil, pointers, structs; lists and maps have none."""
    nothing = is_nothing(first) or is_nothing(other)
    if not nothing and type_of(first).kind != type_of(other).kind:
        raise CallFailed(
            f"non-comparable types {sprintf('%s', [first])}: {type_of(first).name}, "
            f"{type_of(other).name}: {sprintf('%s', [other])}"
        )
    if is_nil(first) or is_nil(other):
        return is_nil(first) == is_nil(other)
    if not _comparable(other):
        raise CallFailed(f"non-comparable type {sprintf('%s', [first])}: {type_of(first).name}")
    if isinstance(first, Pointer) and isinstance(other, Pointer):
        return first.target is other.target
    if isinstance(first, Struct) and isinstance(other, Struct):
        return first.go_type is other.go_type and first.values == other.values
    return type_of(first) is type_of(other) and (first is other or first == other)


def _comparable(value: object) -> bool:
    if isinstance(value, dict | list | tuple | Slice | bytes | Func):
        return False
    if isinstance(value, Struct) or (isinstance(value, Object) and type_of(value).kind == "struct"):
        return all(_comparable(item) for _, item in value.go_values())
    return True


def ne(first: object, other: object) -> bool:
    """Not eq."""
    return not eq(first, other)


def lt(first: object, other: object) -> bool:
    """Less than, for numbers of one family and strings."""
    if type(first) is type(other) and type(first) in _NUMBERS:
        return first < other  # type: ignore[operator, no-any-return]
    kind, kind_of_other = basic_kind(first), basic_kind(other)
    if not kind or not kind_of_other:
        raise CallFailed("invalid type for comparison")
    if kind != kind_of_other:
        raise CallFailed(_MISMATCH)
    if isinstance(first, str) and isinstance(other, str):
        return first < other if first.isascii() and other.isascii() else to_bytes(first) < to_bytes(other)
    if isinstance(first, bool | complex) or isinstance(other, bool | complex):
        raise CallFailed("invalid type for comparison")
    return first < other  # type: ignore[operator, no-any-return]


def le(first: object, other: object) -> bool:
    """Less than or equal."""
    return lt(first, other) or eq(first, other)


def gt(first: object, other: object) -> bool:
    """Greater than: neither less nor equal, so that everything is "greater" than NaN, as in Go."""
    return not le(first, other)


def ge(first: object, other: object) -> bool:
    """Not less than."""
    return not lt(first, other)
