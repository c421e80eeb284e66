"""Who spent it, and why it is more than before: the parts of a scope, and the split into volume, mix and price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alertd.ledger.flow import Line
from alertd.query.batch import F64


@dataclass(frozen=True, slots=True)
class Driver:
    """One part of a scope's spend.

    part      value of the drilldown label
    amount    what it spent
    share     of the scope's whole
    """

    part: str
    amount: float
    share: float


@dataclass(frozen=True, slots=True)
class Change:
    """Why the spend of now differs from that of before; the three add up to the difference.

    volume   more or less was used
    mix      of dearer or cheaper parts; parts that are new or gone
    price    the same cost more or less
    """

    volume: float
    mix: float
    price: float


def top_drivers(lines: Sequence[Line], values: F64, *, most: int = 3) -> list[Driver]:
    """The parts of one scope that spent most, largest first; at most `most`, none that spent nothing.

    lines, values   all lines of the scope, and what each spent
    """
    amounts: dict[str, float] = {}
    for line, value in zip(lines, values.tolist(), strict=True):
        amounts[line.part] = amounts.get(line.part, 0.0) + value
    whole = sum(amounts.values())
    largest = sorted(amounts.items(), key=lambda one: (-one[1], one[0]))[:most]
    return [Driver(part, amount, amount / whole) for part, amount in largest if amount > 0]


def split_change(before_quantity: F64, before_value: F64, quantity: F64, value: F64) -> Change:
    """Volume, mix and price, over parts that were used in both, one, or neither.

    all       [parts]; quantities and values per unit of time, so that spans of different length compare
    returns   zeros where nothing was used before or now: there is nothing to compare
    source    variance analysis: volume (Q1 - Q0) P0, mix Q1 sum((s1 - s0) p0), price sum(q1 (p1 - p0))
    """
    whole_before, whole = before_quantity.sum(), quantity.sum()
    if whole_before <= 0 or whole <= 0:
        return Change(0.0, 0.0, 0.0)
    price = np.divide(value, quantity, out=np.zeros_like(value), where=quantity > 0)
    # A part that is new has had its price of now: what it changes is the mix.
    price_before = np.divide(before_value, before_quantity, out=price.copy(), where=before_quantity > 0)
    volume = (whole - whole_before) * (before_value.sum() / whole_before)
    mix = whole * ((quantity / whole - before_quantity / whole_before) * price_before).sum()
    return Change(float(volume), float(mix), float((quantity * (price - price_before)).sum()))
