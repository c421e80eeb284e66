"""`# alertd: ignore AL003`: comments that silence findings of lint, in rule files and in alertd.yml alike.

Several codes or names go by comma. A comment counts on the line of a finding, or of the rule or route it is in, and in
the comment lines right above that line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from alertd.yamlio import Source

_IGNORE = re.compile(r"#\s*alertd:\s*ignore\s+([\w-]+(?:\s*,\s*[\w-]+)*)")


def is_silenced(source: Source, lines: Iterable[int], *, names: Iterable[str]) -> bool:
    """Whether a comment at one of the lines tells to ignore one of `names`."""
    wanted = set(names)
    return any(name in wanted for line in lines for name in _silenced_at(source, line))


def _silenced_at(source: Source, line: int) -> Iterator[str]:
    """What the comment on a line, and the comment lines right above it, tell to ignore."""
    texts = [source.line(line)]
    while source.line(line - 1).lstrip().startswith("#"):
        line -= 1
        texts.append(source.line(line))
    for text in texts:
        for match in _IGNORE.finditer(text):
            yield from re.split(r"\s*,\s*", match[1])
