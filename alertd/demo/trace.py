"""The bundled trace: what eight tenants of a real LLM service asked for on one day."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.resources import files

STEP = 600.0
"""Seconds of one step of the trace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceStep:
    """What one tenant asked for in the `STEP` seconds from `start`, which counts from the start of the trace."""

    model: str
    tenant: str
    start: float
    requests: int
    input_tokens: int
    output_tokens: int


def load_trace() -> tuple[TraceStep, ...]:
    """All steps, tenant by tenant, in time order. Source and licence: data/README.md."""
    text = (files("alertd.demo") / "data" / "trace.csv").read_text()
    return tuple(
        TraceStep(
            model=row["model"],
            tenant=row["tenant"],
            start=float(row["t"]),
            requests=int(row["requests"]),
            input_tokens=int(row["input_tokens"]),
            output_tokens=int(row["output_tokens"]),
        )
        for row in csv.DictReader(text.splitlines())
    )
