"""The numbers of integrations: whoever sends to the same place keeps its number, wherever it stands in the configuration.

The notification log knows an integration by its receiver, its kind and its number. By its position instead, the log of
one integration would be taken for another's as soon as one is put before it.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """An integration as the configuration has it.

    receiver, integration   `ops`, `webhook`
    identity                digest of where it sends
    """

    receiver: str
    integration: str
    identity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered:
    """An integration that was given a number; no other of its receiver and kind is ever given the same."""

    configured: Configured
    index: int


def number(known: Iterable[Numbered], wanted: Iterable[Configured]) -> list[Numbered]:
    """A number for each of `wanted`, in their order.

    Who is in `known` keeps its number, equal ones in the order of their numbers. Others get the lowest numbers that are
    not in `known`: without `known` these are positions.
    """
    kept: dict[Configured, deque[int]] = defaultdict(deque)
    taken: dict[tuple[str, str], set[int]] = defaultdict(set)
    for one in sorted(known, key=lambda one: one.index):
        kept[one.configured].append(one.index)
        taken[_kind(one.configured)].add(one.index)
    numbers = []
    for configured in wanted:
        used = taken[_kind(configured)]
        index = kept[configured].popleft() if kept[configured] else _lowest_but(used)
        used.add(index)
        numbers.append(Numbered(configured=configured, index=index))
    return numbers


def _lowest_but(used: Container[int]) -> int:
    return next(index for index in count() if index not in used)


def _kind(configured: Configured) -> tuple[str, str]:
    """What numbers are given within."""
    return configured.receiver, configured.integration


class NumberStore(Protocol):
    async def numbers(self) -> Sequence[Numbered]:
        """Every number that was ever given."""
        ...


class NumberWrites(Protocol):
    def put_numbers(self, numbers: Sequence[Numbered]) -> None:
        """Keep them for good; a number that is taken stays with the integration it was given to."""
        ...
