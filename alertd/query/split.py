"""Takes `> number` off an expression, and applies it to the answer of the rest exactly as Prometheus would.

`split` says yes only where two readings agree: our tokens (which know the text) and the parser's tree (which knows
precedence). Whatever they do not both understand stays whole.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import compress
from typing import TYPE_CHECKING

from alertd.deferred import np
from alertd.errors import QueryError
from alertd.labels.labelset import METRIC_NAME
from alertd.query.batch import F64, SeriesBatch
from alertd.query.comparison import Comparison
from alertd.query.promql import Ast, parse, value_type
from alertd.query.tokens import Token, TokenKind, tokens

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAME_LABELSET = "vector cannot contain metrics with the same labelset"

_MIRRORED = {"==": "==", "!=": "!=", ">": "<", "<": ">", ">=": "<=", "<=": ">="}
_COMPARE: dict[str, Callable[[F64, float], NDArray[np.bool_]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
# Prometheus reads a leading zero as octal and knows hexadecimal; such bounds are rare and stay with the server.
_DECIMAL = re.compile(r"(?:0|[1-9][0-9]*)(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?")
_WORDS = {"inf": math.inf, "nan": math.nan}


def split(expr: str) -> Comparison | None:
    """The last comparison of `expr` with a number, taken off; None where that is not surely the same.

    >>> split("rate(errors[5m]) > 0.5")
    Comparison(lhs='rate(errors[5m])', op='>', bound=0.5, returns_bool=False)
    """
    found = list(tokens(expr))
    for cut in (_number_right, _number_left):
        comparison = cut(expr, found)
        if comparison is not None:
            return comparison if _parser_agrees(expr, comparison, mirrored=cut is _number_left) else None
    return None


def apply(comparison: Comparison, batch: SeriesBatch) -> SeriesBatch:
    """What the source would have answered to `lhs op bound`, given its answer to `lhs`.

    A comparison keeps a series as it is, name included; NaN is only ever kept by `!=`. With `bool` every series stays,
    is worth 1 or 0 and loses its name; raises QueryError, in Prometheus' words, when two are then the same.
    """
    kept = _COMPARE[comparison.op](batch.values, comparison.bound)
    if comparison.returns_bool:
        labels = tuple(series.without(METRIC_NAME) for series in batch.labels)
        if len(set(labels)) < len(labels):
            raise QueryError(SAME_LABELSET)
        values = kept.astype(np.float64)
    elif kept.all():
        labels, values = batch.labels, batch.values
    else:
        labels, values = tuple(compress(batch.labels, kept.tolist())), batch.values[kept]
    return replace(batch, labels=labels, values=values, unfiltered=batch, comparison=comparison)


def _number_right(expr: str, found: list[Token]) -> Comparison | None:
    """`lhs op [bool] number`, the operator outside all brackets."""
    for index in range(len(found) - 2, 0, -1):
        token = found[index]
        if token.kind is TokenKind.COMPARE and token.depth == 0:
            returns_bool, bound = _bound(found[index + 1 :])
            if bound is None:
                return None
            lhs = expr[: token.start].strip()
            return Comparison(lhs=lhs, op=token.text, bound=bound, returns_bool=returns_bool)
    return None


def _number_left(expr: str, found: list[Token]) -> Comparison | None:
    """`number op [bool] rhs`, turned round."""
    for index, token in enumerate(found[:3]):
        if token.kind is TokenKind.COMPARE:
            bound = _number(found[:index])
            if bound is None or index + 1 == len(found):
                return None
            returns_bool = found[index + 1].text == "bool"
            end = found[index + 1].end if returns_bool else token.end
            lhs = expr[end:].strip()
            return Comparison(lhs=lhs, op=_MIRRORED[token.text], bound=bound, returns_bool=returns_bool)
    return None


def _bound(found: list[Token]) -> tuple[bool, float | None]:
    returns_bool = bool(found) and found[0].text == "bool"
    return returns_bool, _number(found[1:] if returns_bool else found)


def _number(found: list[Token]) -> float | None:
    """The number that is all of `found`, at most one sign included; None when it is anything else."""
    signs = {"+": 1.0, "-": -1.0}
    sign = 1.0
    if len(found) == 2 and found[0].text in signs:
        sign, found = signs[found[0].text], found[1:]
    if len(found) != 1:
        return None
    text = found[0].text
    if found[0].kind is TokenKind.WORD:
        value = _WORDS.get(text.lower())
        return None if value is None else sign * value
    if _DECIMAL.fullmatch(text) is None or not math.isfinite(float(text)):
        return None
    return sign * float(text)


def _parser_agrees(expr: str, comparison: Comparison, *, mirrored: bool) -> bool:
    tree, lhs = parse(expr), parse(comparison.lhs)
    if tree is None or lhs is None or type(tree).__name__ != "BinaryExpr" or value_type(lhs) != "vector":
        return False
    series, number = (tree.rhs, tree.lhs) if mirrored else (tree.lhs, tree.rhs)
    op = _MIRRORED.get(str(tree.op)) if mirrored else str(tree.op)
    return (
        op == comparison.op
        and _is_number(number, comparison.bound)
        and (tree.modifier is not None and tree.modifier.return_bool) == comparison.returns_bool
        and bool(series.prettify() == lhs.prettify())
    )


def _is_number(node: Ast, bound: float) -> bool:
    if type(node).__name__ != "NumberLiteral":
        return False
    return bool(node.val == bound or (math.isnan(node.val) and math.isnan(bound)))
