"""What routes and inhibition rules of a file match, and what follows from that; for lint only."""

from __future__ import annotations

from alertd.dispatch.matcher_settings import together
from alertd.labels.matcher import Matcher, Matchers
from alertd.labels.matcher_parse import parse_matchers
from alertd.yamlio import Items, Table, texts


def matchers_of(table: Table, prefix: str = "") -> Matchers:
    """Everything a route must match, or, with `source_` or `target_`, a side of an inhibition rule; it must have no faults."""
    match, match_re = (table.get(prefix + key) for key in ("match", "match_re"))
    listed = table.get(f"{prefix}matchers")
    return together(
        texts(match) if match is not None else {},
        texts(match_re) if match_re is not None else {},
        [parse_matchers(texts(item)) for item in (listed.items if isinstance(listed, Items) else ())],
    )


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
