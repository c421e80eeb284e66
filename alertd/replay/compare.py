"""What differs between the alerts or samples a unit test expects and those that were found. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from alertd.labels import LabelSet
from alertd.labels.labelset import METRIC_NAME


class Part(StrEnum):
    """Which part of an alert or sample differs."""

    MISSING = "missing"  # expected, not found
    EXTRA = "extra"  # found, not expected
    LABEL = "label"
    ANNOTATION = "annotation"
    VALUE = "value"
    NOTIFICATION = "notification"  # not sent, or sent in vain


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An alert (labels, annotations) or a sample (labels, value).

    subset   of an expected alert: the found one may have more labels and annotations
    """

    labels: LabelSet
    annotations: Mapping[str, str] = field(default_factory=dict)
    value: float | None = None
    subset: bool = False

    def __str__(self) -> str:
        """`up{job="x"} 1`, `{alertname="A"} summary="it is down"`."""
        parts = [series_text(self.labels)]
        parts += [f"{name}={_quoted(text)}" for name, text in sorted(self.annotations.items())]
        if self.value is not None:
            parts.append(number_text(self.value))
        return " ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One part in which an expected and a found item differ.

    item       the whole item: the expected one, the found one when nothing was expected
    name       of the label or annotation
    expected, found   None: not there
    """

    part: Part
    item: Item
    name: str = ""
    expected: str | None = None
    found: str | None = None


Equal = Callable[[float, float], bool]


def exactly(one: float, other: float) -> bool:
    """Equal numbers; NaN equals nothing, not even NaN, as in promtool."""
    return one == other


def nearly(one: float, other: float) -> bool:
    """Equal but for the last bit (`fuzzy_compare`)."""
    return one == other or math.nextafter(one, math.inf) == other or math.nextafter(one, -math.inf) == other


def compare(expected: Sequence[Item], found: Sequence[Item], equal: Equal = exactly) -> list[Difference]:
    """Every difference; empty when each expected item is found and nothing else is.

    What is left when equal items are put aside is paired by likeness, so that a wrong label is told as a wrong label
    and not as one alert missing and another one too many.
    """
    partner = _pair_up([[_agrees(e, f, equal) for f in found] for e in expected])
    missing = [item for i, item in enumerate(expected) if i not in partner]
    extra = [item for i, item in enumerate(found) if i not in partner.values()]
    differences: list[Difference] = []
    for one, other in _alike(missing, extra):
        missing.remove(one)
        extra.remove(other)
        differences += _parts(one, other, equal)
    differences += [Difference(part=Part.MISSING, item=item, expected=str(item)) for item in missing]
    differences += [Difference(part=Part.EXTRA, item=item, found=str(item)) for item in extra]
    return differences


def _agrees(expected: Item, found: Item, equal: Equal) -> bool:
    return next(_parts(expected, found, equal), None) is None


def _parts(expected: Item, found: Item, equal: Equal) -> Iterator[Difference]:
    """Labels, annotations and value in which two items differ."""
    texts = [
        (Part.LABEL, dict(expected.labels), dict(found.labels)),
        (Part.ANNOTATION, dict(expected.annotations), dict(found.annotations)),
    ]
    for part, wanted, got in texts:
        for name in sorted(wanted if expected.subset else {*wanted, *got}):
            one, other = wanted.get(name), got.get(name)
            if one != other:
                yield Difference(part=part, item=expected, name=name, expected=one, found=other)
    if expected.value is not None and found.value is not None and not equal(expected.value, found.value):
        one, other = number_text(expected.value), number_text(found.value)
        yield Difference(part=Part.VALUE, item=expected, expected=one, found=other)


def _pair_up(edges: Sequence[Sequence[bool]]) -> dict[int, int]:
    """A largest set of pairs (row, column) along true edges, no row and no column twice.

    A subset may agree with several found items, so taking the first that agrees could leave a later one without any.
    source   augmenting paths (Kuhn, 1955)
    """
    row_of: dict[int, int] = {}

    def place(row: int, seen: set[int]) -> bool:
        for column, edge in enumerate(edges[row]):
            if edge and column not in seen:
                seen.add(column)
                if column not in row_of or place(row_of[column], seen):
                    row_of[column] = row
                    return True
        return False

    for row in range(len(edges)):
        place(row, set())
    return {row: column for column, row in row_of.items()}


def _alike(missing: Sequence[Item], extra: Sequence[Item]) -> list[tuple[Item, Item]]:
    """Pairs that are most probably meant to be the same, the most alike first.

    All alerts of a check have their name in common: it alone makes a pair only where one is left on either side.
    """
    least = 1 if len(missing) == len(extra) == 1 else 2
    ranked = sorted(
        ((-_likeness(one, other), i, j) for i, one in enumerate(missing) for j, other in enumerate(extra)),
    )
    rows, columns, pairs = set[int](), set[int](), []
    for likeness, i, j in ranked:
        if -likeness >= least and i not in rows and j not in columns:
            rows.add(i)
            columns.add(j)
            pairs.append((missing[i], extra[j]))
    return pairs


def _likeness(one: Item, other: Item) -> int:
    """How many labels and annotations are the same; equal label sets are more alike than any others."""
    if one.labels == other.labels:
        return len(one.labels) + 1000
    return len(one.labels.items() & other.labels.items()) + len(one.annotations.items() & other.annotations.items())


def series_text(labels: LabelSet) -> str:
    """As PromQL writes it: `up{job="x"}`, `{alertname="A"}`, `{}`."""
    name = labels.get(METRIC_NAME)
    rest = ", ".join(f"{label}={_quoted(value)}" for label, value in labels.without(METRIC_NAME).items())
    return f"{name}{{{rest}}}" if rest or not name else name


def number_text(value: float) -> str:
    """The shortest text that is exactly this number, written as PromQL does: `6`, `0.1`, `1e+100`, `NaN`, `+Inf`."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return repr(value).removesuffix(".0")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
