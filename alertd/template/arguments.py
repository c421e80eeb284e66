"""Fits values and constants to the types of parameters, without ever converting: `toUpper 1` is an error, as in Go."""

from __future__ import annotations

from alertd.template import gotypes as t
from alertd.template import nodes as n
from alertd.template.gotypes import GoType
from alertd.template.values import NO_VALUE, Int64, Pointer, Uint, type_of, zero


class Misfit(Exception):  # noqa: N818 - becomes an ExecError with a place
    """The value cannot be passed here; the message is Go's."""


def fit(value: object, wanted: GoType) -> object:
    """The value as a parameter of this type takes it; raises Misfit."""
    if wanted is t.VALUE:
        return value
    if value is NO_VALUE or value is None:
        if wanted.kind in t.NILABLE_KINDS:
            return zero(wanted)
        if value is None:
            raise Misfit(f"wrong type for value; expected {wanted.name}; got interface {{}}")
        raise Misfit(f"invalid value; expected {wanted.name}")
    found = type_of(value)
    if t.assignable(found, wanted):
        return value
    if isinstance(value, Pointer) and t.assignable(value.elem, wanted):
        if value.target is None:
            raise Misfit(f"dereference of nil pointer of type {found.name}")
        return value.target
    raise Misfit(f"wrong type for value; expected {wanted.name}; got {found.name}")


def constant_argument(node: n.Nil | n.Bool | n.Number | n.String, wanted: GoType) -> object:
    """A constant as a parameter of this type takes it: `28800e9` fits an integer; raises Misfit."""
    if isinstance(node, n.Nil):
        if wanted is t.VALUE:
            return NO_VALUE
        if wanted.kind in t.NILABLE_KINDS:
            return zero(wanted)
        raise Misfit(f"cannot assign nil to {wanted.name}")
    if wanted is t.VALUE or wanted is t.ANY:
        if isinstance(node, n.Number) and node.value is None:
            raise Misfit(f"{node.text} overflows int")
        return node.value
    return _typed_constant(node, wanted)


def _typed_constant(node: n.Bool | n.Number | n.String, wanted: GoType) -> object:
    kind = wanted.kind
    if kind == "string":
        return _expect(node, n.String, "string")
    if kind == "bool":
        return _expect(node, n.Bool, "bool")
    if kind in t.SIGNED_KINDS:
        if not isinstance(node, n.Number) or node.integer is None:
            raise Misfit(f"expected integer; found {node}")
        return node.integer if kind == "int" else Int64(node.integer)
    if kind in t.UNSIGNED_KINDS:
        if not isinstance(node, n.Number) or node.integer is None or node.integer < 0:
            raise Misfit(f"expected unsigned integer; found {node}")
        return Uint(node.integer)
    if kind == "float64":
        if not isinstance(node, n.Number) or node.real is None:
            raise Misfit(f"expected float; found {node}")
        return node.real
    raise Misfit(f"can't handle {node} for arg of type {wanted.name}")


def _expect(node: n.Bool | n.Number | n.String, kind: type, name: str) -> object:
    if not isinstance(node, kind):
        raise Misfit(f"expected {name}; found {node}")
    return node.value
