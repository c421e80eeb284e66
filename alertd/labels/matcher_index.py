"""`MatcherIndex`: which of many lists of matchers match a label set, without trying them all.

A list that has a matcher whose accepted values can be listed (`team="a"`, `team=~"a|b"`) is only tried on labels that
have one of those values. A thousand silences or sibling routes then cost what a few do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Generic, TypeVar

from alertd.labels.matcher import Matcher, Matchers, all_match

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Entry(Generic[T]):
    matchers: Matchers
    item: T
    key: Matcher | None  # the matcher it is found by; None: tried on all labels


class MatcherIndex(Generic[T]):
    """Items, each with matchers that must all match."""

    __slots__ = ("_buckets", "_entries", "_next", "_unlisted")

    def __init__(self) -> None:
        self._next = 0
        self._entries: dict[int, _Entry[T]] = {}
        self._unlisted: dict[int, _Entry[T]] = {}
        self._buckets: dict[str, dict[str, dict[int, _Entry[T]]]] = {}  # label name -> value -> entries

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def next_number(self) -> int:
        """The number the next item gets."""
        return self._next

    def add(self, matchers: Matchers, item: T) -> int:
        """Add an item; returns the number to remove it by."""
        number, self._next = self._next, self._next + 1
        entry = _Entry(matchers, item, self._key(matchers))
        self._entries[number] = entry
        if entry.key is None or entry.key.values is None:
            self._unlisted[number] = entry
        else:
            buckets = self._buckets.setdefault(entry.key.name, {})
            for value in entry.key.values:
                buckets.setdefault(value, {})[number] = entry
        return number

    def remove(self, number: int) -> None:
        entry = self._entries.pop(number)
        if entry.key is None or entry.key.values is None:
            del self._unlisted[number]
            return
        buckets = self._buckets[entry.key.name]
        for value in entry.key.values:
            del buckets[value][number]
            if not buckets[value]:
                del buckets[value]
        if not buckets:
            del self._buckets[entry.key.name]

    def matching(self, labels: Mapping[str, str]) -> list[T]:
        """The items whose matchers all match, in the order they were added."""
        found = [(number, entry.item) for number, entry in self._unlisted.items() if all_match(entry.matchers, labels)]
        for name, buckets in self._buckets.items():
            for number, entry in buckets.get(labels.get(name, ""), {}).items():
                if all_match(entry.matchers, labels):
                    found.append((number, entry.item))
        if len(found) > 1:
            found.sort(key=_number)
        return [item for _, item in found]

    def matching_since(self, labels: Mapping[str, str], number: int) -> list[T]:
        """The matching items among those added with `number` or later, the newest first."""
        newer = takewhile(lambda added: added >= number, reversed(self._entries))
        entries = (self._entries[added] for added in newer)
        return [entry.item for entry in entries if all_match(entry.matchers, labels)]

    def _key(self, matchers: Matchers) -> Matcher | None:
        """The matcher that tells an entry best from those that are there."""
        listed = [matcher for matcher in matchers if matcher.values is not None]
        return min(listed, key=self._crowd, default=None)

    def _crowd(self, matcher: Matcher) -> tuple[bool, int]:
        """How many other entries would be tried with it; "" comes last, for most labels are absent from most sets."""
        values = matcher.values or frozenset()
        buckets = self._buckets.get(matcher.name, {})
        return "" in values, sum(len(buckets.get(value, ())) for value in values)


def _number(found: tuple[int, object]) -> int:
    return found[0]
