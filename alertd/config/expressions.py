"""Whether an expression is surely no PromQL.

The parser is advisory: it follows Prometheus closely but not in everything. What is known to be understood by some
Prometheus and not by the parser is not refused; the server has the last word at each evaluation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from alertd.config.promql_functions import FUNCTIONS
from alertd.labels.regex import RegexError, compile_pattern
from alertd.query.promql import STRINGS, parsable, too_large
from alertd.yamlio import did_you_mean

try:
    import promql_parser
except ImportError:  # no wheel for this Python: the server alone judges
    promql_parser = None  # type: ignore[assignment]

Ast = Any  # a node of promql_parser

_NEWER = re.compile(  # syntax of newer servers: extended range selectors, arithmetic in durations
    r"\b(?:anchored|smoothed)\b|\[[^\]]*(?:[*/^%+]|step\s*\(|range\s*\()[^\]]*\]|\boffset\s*\("
)
_NAMED = re.compile(r"'(.+?)'|for (.+)$", re.DOTALL)
_MAX_TOKENS = 2000  # the parser takes a fifth of a second for them, and four times as long for twice as many
_REGEX_MATCH = re.compile("[=!]~")
_ILLEGAL_REGEX = "illegal regex for "
_GRAMMAR = "invalid promql query"


@dataclass(frozen=True, slots=True)
class ExpressionFault:
    """What is wrong with an expression, and at which character of it."""

    message: str
    offset: int
    fix: str


def expression_fault(expr: str) -> ExpressionFault | None:
    """None where nothing is surely wrong."""
    if promql_parser is None or too_large(expr, most=_MAX_TOKENS):
        return None
    try:
        tree = promql_parser.parse(parsable(expr))
    except ValueError as error:
        said = str(error)
        if said.startswith(_ILLEGAL_REGEX):
            return _pattern_fault(expr, said.removeprefix(_ILLEGAL_REGEX))
        if _NEWER.search(STRINGS.sub("''", expr)):
            return None
        return _fault(expr, said)
    faults = (_pattern_fault(expr, pattern) for pattern in _patterns(tree)) if _REGEX_MATCH.search(expr) else ()
    return next((fault for fault in faults if fault is not None), None)


def _patterns(tree: Ast) -> Iterator[str]:
    """The regular expressions of all selectors."""
    for node in walk(tree):
        if isinstance(node, promql_parser.VectorSelector):
            for matcher in node.matchers.matchers:
                if matcher.op in (promql_parser.MatchOp.Re, promql_parser.MatchOp.NotRe):
                    yield matcher.value


def _pattern_fault(expr: str, pattern: str) -> ExpressionFault | None:
    """What RE2, which servers use, says of a regular expression; the parser has another engine of its own."""
    try:
        compile_pattern(pattern)
    except RegexError as error:
        return ExpressionFault(f"could not parse expression: {error}", max(expr.find(pattern), 0), "")
    return None


def syntax_tree(expr: str) -> Ast | None:
    """The expression's tree; None where the parser does not understand it, or there is none."""
    if promql_parser is None or too_large(expr, most=_MAX_TOKENS):
        return None
    try:
        return promql_parser.parse(parsable(expr))
    except ValueError:
        return None


def walk(tree: Ast | None) -> list[Ast]:
    """Every node of a tree, outermost first."""
    nodes: list[Ast] = []
    if tree is not None:
        promql_parser.walk(tree, nodes.append)
    return nodes


def _fault(expr: str, said: str) -> ExpressionFault:
    named = _NAMED.search(said)
    word = (named[1] or named[2]) if named is not None else ""
    offset = max(expr.find(word), 0) if word else 0
    if said.startswith("unknown function"):
        return ExpressionFault(f'unknown function "{word}"', offset, did_you_mean(word, FUNCTIONS))
    if said == _GRAMMAR:
        return ExpressionFault(
            "could not parse expression", offset, "check its operators, commas, brackets and the words by, on, offset"
        )
    return ExpressionFault(f"could not parse expression: {said}", offset, "")
