"""The plain Prometheus rule: every series the expression returns is a breach, whatever its value."""

from __future__ import annotations

from dataclasses import dataclass

from alertd.rules.finding import Finding, Judgement
from alertd.rules.kind import Inputs, Memoryless


@dataclass(frozen=True, slots=True)
class PromQL(Memoryless):
    """`expr` as Prometheus judges it: `m > bool 5` breaches with 0, a bare NaN with NaN."""

    query: str
    name: str = "promql"

    def judge(self, inputs: Inputs) -> Judgement:
        """One breached finding per series; what was compared is evidence where the plan could see it."""
        batch = inputs.batch
        comparison = batch.comparison
        evidence = {} if comparison is None else {"Threshold": comparison.bound}
        findings = tuple(Finding(series, value, evidence=evidence) for series, value in batch.samples())
        return Judgement(findings, seen=batch.unfiltered)
