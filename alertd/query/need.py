"""`QueryNeed`: what a rule needs to know at its slot; equal needs of one slot are fetched once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QueryNeed:
    """One expression to be evaluated by one source at the time the plan is run for."""

    expr: str
    source: str = "default"
