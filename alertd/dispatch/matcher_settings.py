"""How routes and inhibition rules say which labels they mean: `matchers`, and the older `match` and `match_re`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema

from alertd.labels.matcher import Matcher, Matchers, Op
from alertd.labels.matcher_parse import parse_matchers
from alertd.labels.regex import anchored, full_match


def _label_name(name: str) -> str:
    if not name:
        raise ValueError('invalid label name ""')
    return name


def _pattern(pattern: str) -> str:
    full_match(pattern)
    return pattern


def _parsed(value: Any) -> Matchers:
    if isinstance(value, tuple):
        return value
    if not isinstance(value, str):
        raise ValueError('must be a text, such as severity="critical"')
    return parse_matchers(value)


LabelName = Annotated[str, AfterValidator(_label_name)]
"""Any text in UTF-8 but the empty one."""

EqualitySettings = Mapping[LabelName, str]
"""`match`: values of labels."""

PatternSettings = Mapping[LabelName, Annotated[str, AfterValidator(_pattern)]]
"""`match_re`: patterns for the whole values of labels."""

MatcherSettings = Annotated[
    Matchers,
    BeforeValidator(_parsed),
    PlainSerializer(lambda matchers: ",".join(map(str, matchers))),
    WithJsonSchema({"type": "string", "examples": ['severity="critical"', 'team=~"a|b"', 'env!="test"']}),
]
"""An item of `matchers`: one matcher, or several between commas."""


def together(match: Mapping[str, str], match_re: Mapping[str, str], matchers: Iterable[Matchers]) -> Matchers:
    """All that must match, sorted as Alertmanager prints them; patterns of `match_re` show their anchors there."""
    equal = (Matcher(name, Op.EQUAL, value) for name, value in match.items())
    patterns = (Matcher(name, Op.REGEX, anchored(pattern)) for name, pattern in match_re.items())
    return tuple(sorted([*equal, *patterns, *(matcher for item in matchers for matcher in item)]))
