"""Which labels the series of an expression can have, and whether an expression leaves series out; for lint only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

Ast = Any  # a node of promql_parser

COMPARISONS = frozenset({"==", "!=", ">", "<", ">=", "<="})
_KEEP_SERIES = frozenset({"topk", "bottomk", "limitk", "limit_ratio"})
_ABSENT = frozenset({"absent", "absent_over_time"})


@dataclass(frozen=True, slots=True)
class Labels:
    """Label names a series can have: those of `known`, or, where `open`, every name but those of `gone`."""

    known: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    open: bool = False

    def __contains__(self, name: str) -> bool:
        return name in self.known or (self.open and name not in self.gone)

    def only(self, names: frozenset[str]) -> Labels:
        return Labels(known=frozenset(name for name in names if name in self))

    def without(self, names: frozenset[str]) -> Labels:
        return replace(self, known=self.known - names, gone=self.gone | names)

    def adding(self, names: frozenset[str]) -> Labels:
        return replace(self, known=self.known | names)

    def joined(self, other: Labels) -> Labels:
        """Labels of either."""
        if self.open and other.open:
            gone = frozenset(name for name in self.gone | other.gone if name not in self and name not in other)
        else:
            gone = self.gone if self.open else other.gone
        return Labels(self.known | other.known, gone, self.open or other.open)


ANY = Labels(open=True)
NONE = Labels()


def labels_of(node: Ast) -> Labels:
    """The labels that series of the expression can have; ANY where that is not known."""
    return _LABELS.get(type(node).__name__, lambda _: NONE)(node)


def _of_aggregation(node: Ast) -> Labels:
    inner = labels_of(node.expr)
    operator = str(node.op)
    if operator in _KEEP_SERIES:
        return inner
    modifier = node.modifier
    if modifier is None:
        kept = NONE
    elif str(modifier.type).endswith("By"):
        kept = inner.only(frozenset(modifier.labels))
    else:
        kept = inner.without(frozenset([*modifier.labels, "__name__"]))
    if operator == "count_values":
        return kept.adding(frozenset([node.param.val]))
    return kept


def _of_binary(node: Ast) -> Labels:
    lhs, rhs = labels_of(node.lhs), labels_of(node.rhs)
    if is_scalar(node.lhs):
        return rhs
    operator = str(node.op)
    if is_scalar(node.rhs) or operator in ("and", "unless"):
        return lhs
    if operator == "or":
        return lhs.joined(rhs)
    return _of_join(node.modifier, lhs, rhs)


def _of_join(modifier: Ast | None, lhs: Labels, rhs: Labels) -> Labels:
    if modifier is None:
        return lhs
    cardinality = str(modifier.card).rpartition(".")[2]
    if cardinality in ("ManyToOne", "OneToMany"):
        many = lhs if cardinality == "ManyToOne" else rhs
        return many.adding(frozenset(modifier.group_labels or ()))
    matching = modifier.matching
    if matching is None:
        return lhs
    names = frozenset(matching.labels)
    return lhs.only(names) if str(matching.type).endswith("Include") else lhs.without(names)


def _of_call(node: Ast) -> Labels:
    name, args = node.func.name, node.args
    if name in _ABSENT:
        return Labels(known=frozenset(_equalities(args[0])))
    if name == "info":
        return ANY
    vectors = [arg for arg in args if not is_scalar(arg) and type(arg).__name__ != "StringLiteral"]
    if not vectors or name == "vector":
        return NONE
    labels = labels_of(vectors[0])
    if name in ("label_replace", "label_join"):
        return labels.adding(frozenset([args[1].val]))
    return labels.without(frozenset(["le"])) if name == "histogram_quantile" else labels


def _equalities(node: Ast) -> Iterator[str]:
    """Names that `absent()` of a selector takes over: those of its equality matchers."""
    selector = getattr(node, "vector_selector", node)
    for matcher in getattr(getattr(selector, "matchers", None), "matchers", ()):
        if str(matcher.op).endswith(".Equal"):
            yield matcher.name


_LABELS: dict[str, Callable[[Ast], Labels]] = {
    "VectorSelector": lambda _: ANY,
    "MatrixSelector": lambda _: ANY,
    "SubqueryExpr": lambda node: labels_of(node.expr),
    "ParenExpr": lambda node: labels_of(node.expr),
    "UnaryExpr": lambda node: labels_of(node.expr),
    "AggregateExpr": _of_aggregation,
    "BinaryExpr": _of_binary,
    "Call": _of_call,
}


def is_scalar(node: Ast) -> bool:
    """Whether the expression is one number without labels."""
    match type(node).__name__:
        case "NumberLiteral":
            return True
        case "ParenExpr" | "UnaryExpr":
            return is_scalar(node.expr)
        case "BinaryExpr":
            return is_scalar(node.lhs) and is_scalar(node.rhs)
        case "Call":
            return str(node.func.return_type).endswith(".Scalar")
    return False


def fires_on_data(node: Ast) -> bool:
    """Whether the expression yields something merely because data exist, whatever their values are.

    A constant (`vector(1)`, a number) is meant to fire always; series of ALERTS exist only while something is wrong.
    """
    while type(node).__name__ == "ParenExpr":
        node = node.expr
    constant = is_scalar(node) or (type(node).__name__ == "Call" and node.func.name == "vector")
    return not constant and not _leaves_out(node)


def _leaves_out(node: Ast) -> bool:
    """Whether the expression leaves series out because of their values, or of others'."""
    match type(node).__name__:
        case "VectorSelector":
            return bool(node.name == "ALERTS")
        case "MatrixSelector":
            return _leaves_out(node.vector_selector)
        case "ParenExpr" | "UnaryExpr" | "SubqueryExpr" | "AggregateExpr":
            return _leaves_out(node.expr)
        case "Call":
            return node.func.name in _ABSENT or any(_leaves_out(arg) for arg in node.args)
        case "BinaryExpr":
            return _binary_leaves_out(node)
    return False


def _binary_leaves_out(node: Ast) -> bool:
    operator = str(node.op)
    sides = (_leaves_out(node.lhs), _leaves_out(node.rhs))
    if operator in COMPARISONS and not (node.modifier is not None and node.modifier.return_bool):
        return True
    if operator in ("and", "unless"):
        return True
    return all(sides) if operator == "or" else any(sides)
