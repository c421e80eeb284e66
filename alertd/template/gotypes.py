"""Go's types, as far as templates can tell them apart: for %T, error texts and which value fits which parameter."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True, eq=False)
class GoType:
    """One type; types are interned, so `is` compares them.

    kind       Go's reflect kind: bool int int64 uint uint8 float64 complex128 string slice map struct ptr func interface
    name       as %T prints it, such as `map[string]string` or `template.KV`
    elem       of a slice, map or pointer
    key        of a map
    fields     of a struct: name and type in order
    defined    whether it has a name of its own: then it fits only itself, `interface {}` and unnamed twins
    """

    kind: str
    name: str
    elem: GoType | None = None
    key: GoType | None = None
    fields: tuple[tuple[str, GoType], ...] = ()
    defined: bool = True

    def __str__(self) -> str:
        return self.name


ANY = GoType("interface", "interface {}", defined=False)
VALUE = GoType("struct", "reflect.Value")  # a parameter that takes whatever there is, even nothing
BOOL = GoType("bool", "bool")
INT = GoType("int", "int")
INT64 = GoType("int64", "int64")
UINT = GoType("uint", "uint")
UINT8 = GoType("uint8", "uint8")
UINT64 = GoType("uint64", "uint64")
FLOAT64 = GoType("float64", "float64")
COMPLEX128 = GoType("complex128", "complex128")
STRING = GoType("string", "string")
ERROR = GoType("interface", "error")

SIGNED_KINDS = frozenset(["int", "int64"])
UNSIGNED_KINDS = frozenset(["uint", "uint8", "uint64"])
NILABLE_KINDS = frozenset(["func", "interface", "map", "ptr", "slice"])


@cache
def slice_of(elem: GoType) -> GoType:
    """`[]elem`."""
    return GoType("slice", f"[]{elem.name}", elem=elem, defined=False)


@cache
def map_of(key: GoType, elem: GoType) -> GoType:
    """`map[key]elem`."""
    return GoType("map", f"map[{key.name}]{elem.name}", elem=elem, key=key, defined=False)


@cache
def pointer_to(elem: GoType) -> GoType:
    """`*elem`."""
    return GoType("ptr", f"*{elem.name}", elem=elem, defined=False)


@cache
def struct_of(fields: tuple[tuple[str, GoType], ...]) -> GoType:
    """An unnamed struct type."""
    inner = "; ".join(f"{name} {elem.name}" for name, elem in fields)
    return GoType("struct", f"struct {{ {inner} }}" if inner else "struct {}", fields=fields, defined=False)


def named(name: str, underlying: GoType) -> GoType:
    """A type with a name of its own, such as `template.KV` over `map[string]string`."""
    return GoType(underlying.kind, name, elem=underlying.elem, key=underlying.key, fields=underlying.fields)


SLICE_ANY = slice_of(ANY)
SLICE_STRING = slice_of(STRING)
BYTES = slice_of(UINT8)
MAP_ANY = map_of(STRING, ANY)
MAP_STRING = map_of(STRING, STRING)


def assignable(source: GoType, target: GoType) -> bool:
    """Whether a value of `source` may be passed where `target` is asked for."""
    if source is target or target is ANY:
        return True
    if source.defined and target.defined:
        return False
    return (
        source.kind == target.kind
        and source.elem is target.elem
        and source.key is target.key
        and source.fields == target.fields
        and source.kind in ("slice", "map", "struct", "ptr")
    )
