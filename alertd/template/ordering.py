"""The order in which Go prints and ranges over maps: strings by bytes, numbers by value with NaN first, false < true."""

from __future__ import annotations

from collections.abc import Mapping

from alertd.template.quoting import to_bytes

# Keys of several types in one map come in no order Go promises; this is the one it has.
_NIL, _STRING, _INT, _FLOAT, _BOOL = range(5)


def sorted_items(items: Mapping[object, object] | dict[object, object]) -> list[tuple[object, object]]:
    """The entries of a map in Go's order of keys."""
    try:
        in_order = "".join(items).isascii()  # type: ignore[arg-type]
    except TypeError:
        in_order = False
    if in_order:
        return sorted(items.items())
    return sorted(items.items(), key=lambda entry: _rank(entry[0]))


def _rank(key: object) -> tuple[int, int, object]:
    if isinstance(key, str):
        return _STRING, 0, to_bytes(key)
    if isinstance(key, bool):
        return _BOOL, 0, key
    if isinstance(key, float):
        return (_FLOAT, 0, 0.0) if key != key else (_FLOAT, 1, key)
    if isinstance(key, int):
        return _INT, 0, key
    return _NIL, 0, 0
