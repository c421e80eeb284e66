"""What routes and inhibition rules of a file match, and what follows from that; for lint only.

A file with faults has none of it: they are told elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator

from alertd.labels.matcher import Matcher, Matchers, Op
from alertd.labels.matcher_parse import parse_matchers
from alertd.yamlio import Items, Node, Scalar, Table


def matchers_of(table: Table, prefix: str = "") -> Matchers | None:
    """Everything a route must match, or, with `source_` or `target_`, a side of an inhibition rule; None where it is at fault."""
    try:
        return tuple(_written(table, prefix))
    except ValueError:
        return None


def _written(table: Table, prefix: str) -> Iterator[Matcher]:
    for key, op in (("match", Op.EQUAL), ("match_re", Op.REGEX)):
        pairs = table.get(prefix + key)
        for name, entry in pairs.entries.items() if isinstance(pairs, Table) else ():
            yield Matcher(name, op, _text(entry.value))
    listed = table.get(f"{prefix}matchers")
    for item in listed.items if isinstance(listed, Items) else ():
        yield from parse_matchers(_text(item))


def _text(node: Node) -> str:
    if not isinstance(node, Scalar):
        raise ValueError("must be a text")
    return node.text


def follows(matcher: Matcher, given: Matchers) -> bool:
    """Whether every label set that matches all of `given` surely matches `matcher`, too."""
    return matcher in given or any(
        all(map(matcher.accepts, other.values))
        for other in given
        if other.name == matcher.name and other.values is not None
    )


def excluded(matcher: Matcher, given: Matchers) -> bool:
    """Whether surely no label set that matches all of `given` matches `matcher`."""
    return any(
        not any(map(matcher.accepts, other.values))
        for other in given
        if other.name == matcher.name and other.values is not None
    )
