"""An expression as Prometheus prints it: one spelling for all ways to write the same.

source   Prometheus promql/parser, the String methods of its nodes
"""

from __future__ import annotations

import re
from datetime import timedelta
from functools import lru_cache

from alertd.duration import format_duration
from alertd.query.promql import Ast, parsable, parse
from alertd.template.numbers import format_float

_BEFORE_1970 = re.compile(r"@\s*-")  # the parser panics when it is asked for such a time
_OLD_NAME, _NEW_NAME = "holt_winters(", "double_exponential_smoothing("


@lru_cache(maxsize=20_000)
def promql_text(expr: str) -> str:
    """The text of the rules API: `sum(x)by(a)>1e6` is `sum by (a) (x) > 1e+06`; as written where it is not understood."""
    tree = None if _BEFORE_1970.search(expr) else parse(parsable(expr))
    if tree is None:
        return expr
    text = _text(tree)
    return text.replace(_NEW_NAME, _OLD_NAME) if _OLD_NAME in expr else text


def _text(node: Ast) -> str:
    match type(node).__name__:
        case "BinaryExpr":
            return f"{_text(node.lhs)} {node.op}{_modifier(node.modifier)} {_text(node.rhs)}"
        case "AggregateExpr":
            operands = [node.expr] if node.param is None else [node.param, node.expr]
            return f"{node.op}{_grouping(node.modifier)}({', '.join(map(_text, operands))})"
        case "Call":
            return f"{node.func.name}({', '.join(map(_text, node.args))})"
        case "ParenExpr":
            return f"({_text(node.expr)})"
        case "UnaryExpr":
            return f"-{_text(node.expr)}"
        case "SubqueryExpr":
            step = format_duration(node.step) if node.step else ""
            return f"{_text(node.expr)}[{format_duration(node.range)}:{step}]{_at(node.at)}{_offset(node.offset)}"
        case "NumberLiteral":
            return format_float(node.val)
    return str(node.prettify())  # selectors and strings: as Prometheus


def _grouping(modifier: Ast | None) -> str:
    if modifier is None:
        return ""
    is_without = str(modifier.type).endswith("Without")
    if not modifier.labels and not is_without:
        return ""
    return f" {'without' if is_without else 'by'} ({', '.join(modifier.labels)}) "


def _modifier(modifier: Ast | None) -> str:
    """`bool`, and which labels of the two sides must be equal."""
    if modifier is None:
        return ""
    text = " bool" if modifier.return_bool else ""
    matching = modifier.matching
    if matching is None:
        return text
    is_on = str(matching.type).endswith("Include")
    if is_on or matching.labels:
        text += f" {'on' if is_on else 'ignoring'} ({', '.join(matching.labels)})"
        cardinality = str(modifier.card)
        if cardinality.endswith(("ManyToOne", "OneToMany")):
            side = "left" if cardinality.endswith("ManyToOne") else "right"
            text += f" group_{side} ({', '.join(modifier.group_labels or ())})"
    return text


def _at(at: Ast | None) -> str:
    if at is None:
        return ""
    kind = str(at.type).rpartition(".")[2]
    return f" @ {at.at.timestamp():.3f}" if kind == "At" else f" @ {kind.lower()}()"


def _offset(offset: timedelta | None) -> str:
    return f" offset {format_duration(offset)}" if offset else ""
