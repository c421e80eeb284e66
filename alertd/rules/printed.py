"""The text in which a rule's expression is asked.

Prometheus' rule manager does not send an expression as it was written but as it prints it, with the matchers of each
selector in order. That matters to `absent()` alone: whether its answer has a label that several matchers speak of depends
on which of them comes first. `absent(up{job="x",job!="y"})` has `job="x"` in a rule, and no `job` in the query API.
"""

from __future__ import annotations

from functools import lru_cache

from alertd.query.promql import Ast, parse, selectors
from alertd.rules.promql_text import promql_text


@lru_cache(maxsize=20_000)
def printed(expr: str) -> str:
    """`expr` as the rule manager asks it; unchanged where the order of matchers cannot matter."""
    tree = parse(expr) if "absent" in expr else None
    if tree is None or not any(_matches_a_label_twice(selector) for selector in selectors(tree)):
        return expr
    return promql_text(expr)


def _matches_a_label_twice(selector: Ast) -> bool:
    names = [matcher.name for matcher in selector.matchers.matchers]
    return len(set(names)) < len(names)
