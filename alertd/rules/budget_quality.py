"""What is not known about a budget's spend, in words for a message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from alertd.labels import LabelSet
from alertd.ledger.flow import Line, LineSums
from alertd.ledger.ledger import NO_MODEL, Ledger
from alertd.ledger.views import Completeness
from alertd.query.batch import F64

# Less than this of requests without usage, and more than this of the period observed, is not worth a word.
_MISSING, _OBSERVED = 0.01, 0.98


@dataclass(frozen=True, slots=True)
class Quality:
    """What is missing from one scope's spend.

    unpriced        models whose price nobody knows, those with most tokens first
    unpriced_tokens their tokens
    usage_missing   share of requests that reported no usage; None where nobody counts
    unreliable      a counter drops too often to be trusted
    """

    unpriced: tuple[str, ...] = ()
    unpriced_tokens: float = 0.0
    usage_missing: float | None = None
    unreliable: bool = False

    def caveats(self, completeness: Completeness) -> str:
        """One sentence that says why the spend is a lower bound; empty when it is not."""
        reasons = self._reasons(completeness)
        return f"spend is at least this: {'; '.join(reasons)}" if reasons else ""

    def _reasons(self, completeness: Completeness) -> Sequence[str]:
        reasons = []
        if self.unpriced:
            reasons.append(f"{short_count(self.unpriced_tokens)} tokens of {_named(self.unpriced)} have no price")
        if self.usage_missing is not None and self.usage_missing >= _MISSING:
            reasons.append(f"{self.usage_missing:.0%} of requests reported no usage")
        if self.unreliable:
            reasons.append("a counter drops too often to be trusted")
        if completeness.share < _OBSERVED:
            since = completeness.complete_from
            when = f", known since {since:%Y-%m-%d %H:%M} UTC" if since else ""
            reasons.append(f"{completeness.share:.0%} of the period was observed{when}")
        return reasons


def qualities(ledger: Ledger, *, requests: str = "", missing: str = "") -> list[Quality]:
    """Of every scope, in this period."""
    lines, sums, _ = ledger.lines()
    unpriced = unpriced_models(lines, sums)
    shares = _usage_missing(ledger, requests, missing) if requests else {}
    unreliable = set(ledger.unreliable())
    return [
        Quality(
            unpriced=tuple(unpriced.get(number, {})),
            unpriced_tokens=sum(unpriced.get(number, {}).values()),
            usage_missing=shares.get(number),
            unreliable=scope in unreliable,
        )
        for number, scope in enumerate(ledger.scopes)
    ]


def unpriced_models(lines: Sequence[Line], sums: LineSums) -> Mapping[int, Mapping[str, float]]:
    """Per scope the tokens of each model without a price, those with most first."""
    found: dict[int, dict[str, float]] = {}
    for number in np.flatnonzero(sums.unpriced > 0).tolist():
        line = lines[number]
        models = found.setdefault(line.scope, {})
        name = line.model or NO_MODEL
        models[name] = models.get(name, 0.0) + float(sums.unpriced[number])
    return {scope: dict(sorted(models.items(), key=lambda one: -one[1])) for scope, models in found.items()}


def _usage_missing(ledger: Ledger, requests: str, missing: str) -> Mapping[int, float]:
    """Per scope the share of requests that reported no usage."""
    asked, lost = _by_scope(ledger, requests), _by_scope(ledger, missing)
    return {scope: min(float(lost[scope] / asked[scope]), 1.0) for scope in np.flatnonzero(asked > 0).tolist()}


def _by_scope(ledger: Ledger, name: str) -> F64:
    lines, sums, _ = ledger.lines(name)
    scopes = np.array([line.scope for line in lines], dtype=np.intp)
    counted: F64 = np.bincount(scopes, weights=sums.quantity, minlength=len(ledger.scopes)).astype(np.float64)
    return counted


def short_count(number: float) -> str:
    """`1.2M`."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return f"{number:.3g}"


def _named(models: Sequence[str]) -> str:
    shown = ", ".join(models[:3])
    return shown if len(models) <= 3 else f"{shown} and {len(models) - 3} more models"


def unpriced_summary(models: Mapping[str, float], scopes: Sequence[LabelSet]) -> str:
    """Text of the alert that says that models have no price."""
    tokens = short_count(sum(models.values()))
    count = f"{len(models)} models have" if len(models) > 1 else "1 model has"
    return (
        f"{count} no price: {_named(tuple(models))}; {tokens} tokens of this period are missing from the spend of "
        f"{len(scopes)} {'budget' if len(scopes) == 1 else 'budgets'}. Give them a price or an alias in the file that `prices` of alertd.yml names"
    )
