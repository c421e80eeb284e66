"""What can be read from a PromQL expression without asking a server. Advisory: where it does not know, it says so.

The parser is a library that follows Prometheus closely but not everywhere (other versions, MetricsQL), so nothing
here may refuse an expression: an unparsable one is sent as it is, and the server judges.
"""

from __future__ import annotations

import re
from typing import Any

from alertd.query.tokens import TokenKind, tokens

try:
    import promql_parser
except ImportError:  # no wheel for this Python: every expression travels alone, unsplit
    promql_parser = None  # type: ignore[assignment]

Ast = Any  # a node of promql_parser

STRINGS = re.compile(r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|\#[^\n]*""", re.VERBOSE)
"""Strings and comments."""

_RENAMED = re.compile(r"\bholt_winters(?=\s*\()")  # the name up to Prometheus 2.x of double_exponential_smoothing

# The parser's cost grows with the square of the nesting, and far beyond this its stack would overflow.
_MAX_TOKENS = 400
_NESTING = frozenset({TokenKind.OPEN, TokenKind.COMPARE, TokenKind.WORD, TokenKind.OTHER})


def parse(expr: str) -> Ast | None:
    """The syntax tree; None when the expression is not understood, or too large to be worth it."""
    if promql_parser is None or too_large(expr):
        return None
    try:
        return promql_parser.parse(expr)
    except ValueError:
        return None


def too_large(expr: str, *, most: int = _MAX_TOKENS) -> bool:
    """Whether an expression has so many operators and brackets that parsing it would take long."""
    # A token has a character at least: short expressions need not be counted.
    return len(expr) > most and sum(token.kind in _NESTING for token in tokens(expr)) > most


def parsable(expr: str) -> str:
    """The expression in a spelling that the parser understands: raw strings quoted, an old function by its new name."""
    quoted = STRINGS.sub(lambda match: _quote(match[0]) if match[0].startswith("`") else match[0], expr)
    return _RENAMED.sub("double_exponential_smoothing", quoted)


def _quote(raw: str) -> str:
    text = raw[1:-1].replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{text}"'


def value_type(tree: Ast) -> str:
    """`vector`, `scalar`, `string` or `matrix`."""
    leaves, pending = set(), [tree]
    while pending:
        node = pending.pop()
        match type(node).__name__:
            case "ParenExpr" | "UnaryExpr":
                pending.append(node.expr)
            case "BinaryExpr":
                pending += [node.lhs, node.rhs]
            case name:
                leaves.add(_leaf_type(name, node))
    # Operands of different types are a vector and a scalar, and give a vector.
    return leaves.pop() if len(leaves) == 1 else "vector"


def _leaf_type(name: str, node: Ast) -> str:
    match name:
        case "NumberLiteral":
            return "scalar"
        case "StringLiteral":
            return "string"
        case "Call":
            return str(node.func.return_type).rpartition(".")[2].lower()
        case "MatrixSelector" | "SubqueryExpr":
            return "matrix"
        case _:  # AggregateExpr, VectorSelector
            return "vector"


def is_vector(expr: str) -> bool:
    """Whether `expr` is surely an instant vector; False when it is not, or not understood."""
    tree = parse(expr)
    return tree is not None and value_type(tree) == "vector"


def metric_names(expr: str) -> frozenset[str] | None:
    """Names of the metrics `expr` reads; None when it may read any (a selector without a fixed name, or unparsable)."""
    tree = parse(expr)
    if tree is None:
        return None
    names = {_name(selector) for selector in selectors(tree)}
    return None if None in names else frozenset(name for name in names if name is not None)


def selectors(tree: Ast) -> list[Ast]:
    """Every vector selector of an expression, those of ranges included."""
    found: list[Ast] = []

    def visit(node: Ast) -> None:
        if type(node).__name__ == "VectorSelector":
            found.append(node)

    promql_parser.walk(tree, visit)
    return found


def _name(selector: Ast) -> str | None:
    if selector.name is not None:
        return str(selector.name)
    if selector.matchers.or_matchers:
        return None
    for matcher in selector.matchers.matchers:
        if matcher.name == "__name__" and matcher.op == promql_parser.MatchOp.Equal:
            return str(matcher.value)
    return None
