"""`Comparison`: the `> number` that a plan takes off an expression and applies itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """`lhs op bound`, as one expression would be written; `5 < lhs` is kept as `lhs > 5`.

    op             one of == != > < >= <=, with the series on the left
    bound          the number; NaN and infinities are allowed
    returns_bool   the `bool` modifier was given: the answer is 0 or 1 and loses its metric name
    """

    lhs: str
    op: str
    bound: float
    returns_bool: bool = False
