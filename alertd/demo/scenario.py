"""What the simulated gateway has counted at a moment: real traffic, and what we let go wrong in it. Pure.

Times are seconds of the trace. It starts again when it ends, and so do the incidents, every `PERIOD`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alertd.demo.trace import STEP, TraceStep

F64 = NDArray[np.float64]

PERIOD = 4 * 3600.0
BACKENDS = {"m-large": "provider-a", "m-small": "provider-b"}
"""Which provider serves a model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """From `start` to `end` of each period, `failing` of the requests to `backend` fail and use no tokens."""

    backend: str
    start: float
    end: float
    failing: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Spike:
    """From `start` to `end` of each period, `tenant` sends `factor` times its requests and tokens."""

    tenant: str
    start: float
    end: float
    factor: float


OUTAGE = Outage(backend="provider-a", start=480.0, end=1800.0, failing=0.9)
SPIKE = Spike(tenant="m-small-36", start=2100.0, end=3600.0, factor=6.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantCounters:
    """What the gateway has counted for one tenant; whole numbers that never fall."""

    tenant: str
    model: str
    backend: str
    answered: int
    failed: int
    input_tokens: int
    output_tokens: int


class Scenario:
    """The counters of every tenant at any moment.

    The trace is cut where a step or an incident begins or ends; within a piece every counter rises evenly. So a moment
    costs one look-up, however long ago the start is.

    trace   the same steps of `STEP` seconds for every tenant, in time order; its length is a whole number of PERIODs
    """

    def __init__(self, trace: Sequence[TraceStep], *, outage: Outage = OUTAGE, spike: Spike = SPIKE) -> None:
        steps: dict[str, list[TraceStep]] = {}
        for step in trace:
            steps.setdefault(step.tenant, []).append(step)
        self._models = {tenant: own[0].model for tenant, own in steps.items()}
        self._length = len(next(iter(steps.values()))) * STEP
        if self._length % PERIOD:
            raise ValueError(f"the trace must last a whole number of periods of {PERIOD:.0f} s")
        self._edges = _edges(self._length, outage, spike)
        starts = self._edges[:-1]
        asked = _per_second(steps.values())[:, (starts // STEP).astype(int)]
        failing, factor = self._incidents(starts % PERIOD, outage, spike)
        # [tenant, piece, (answered, failed, input, output)]: per second in a piece, and until an edge
        self._rates = _rates(asked * factor[:, :, None], failing[:, :, None])
        grown = np.cumsum(self._rates * np.diff(self._edges)[None, :, None], axis=1)
        self._totals = np.concatenate([np.zeros_like(grown[:, :1]), grown], axis=1)

    def _incidents(self, phases: F64, outage: Outage, spike: Spike) -> tuple[F64, F64]:
        """[tenant, piece]: the share of requests that fails, and the factor on all of them."""
        out = (phases >= outage.start) & (phases < outage.end)
        high = (phases >= spike.start) & (phases < spike.end)
        hit = np.array([BACKENDS[model] == outage.backend for model in self._models.values()])
        spiking = np.array([tenant == spike.tenant for tenant in self._models])
        failing = np.where(hit[:, None] & out[None, :], outage.failing, 0.0)
        factor = np.where(spiking[:, None] & high[None, :], spike.factor, 1.0)
        return failing, factor

    def counters(self, at: float) -> list[TenantCounters]:
        """What has been counted `at` seconds after the start (before it: nothing)."""
        rounds, phase = divmod(max(at, 0.0), self._length)
        piece = int(np.searchsorted(self._edges, phase, side="right")) - 1
        totals = (
            rounds * self._totals[:, -1] + self._totals[:, piece] + self._rates[:, piece] * (phase - self._edges[piece])
        )
        return [
            TenantCounters(
                tenant=tenant,
                model=model,
                backend=BACKENDS[model],
                answered=answered,
                failed=failed,
                input_tokens=input_tokens,
                output_tokens=output_tokens,
            )
            for (tenant, model), (answered, failed, input_tokens, output_tokens) in zip(
                self._models.items(), np.floor(totals).astype(int).tolist(), strict=True
            )
        ]


def _per_second(steps: Iterable[Sequence[TraceStep]]) -> F64:
    """[tenant, step, (requests, input tokens, output tokens)]"""
    counted = [[(step.requests, step.input_tokens, step.output_tokens) for step in own] for own in steps]
    return np.array(counted, dtype=np.float64) / STEP


def _rates(asked: F64, failing: F64) -> F64:
    """What is asked for, as the four counters see it: what fails uses no tokens."""
    requests, tokens = asked[:, :, :1], asked[:, :, 1:]
    answered = 1 - failing
    return np.concatenate([requests * answered, requests * failing, tokens * answered], axis=2)


def _edges(length: float, outage: Outage, spike: Spike) -> F64:
    """Where a piece begins, and the end of the last one."""
    periods = np.arange(0.0, length, PERIOD)
    incidents = [periods + moment for moment in (outage.start, outage.end, spike.start, spike.end)]
    return np.unique(np.concatenate([np.arange(0.0, length + STEP, STEP), *incidents]))
