"""What a scraped endpoint exposes: counters, gauges, histograms and summaries, and how faults change them. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

Faults = frozenset[str]
"""Names of the faults that are on."""

T = TypeVar("T")

NOTHING: Mapping[str, float] = {}

SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
"""Buckets of durations, as OpenTelemetry's conventions for GenAI have them."""

TOKENS = tuple(float(4**power) for power in range(14))
"""Buckets of tokens per request, of the same source."""


@dataclass(frozen=True, slots=True)
class Load:
    """Observations of a histogram or summary; their values are spread exponentially around `mean`."""

    per_second: float
    mean: float

    @property
    def total(self) -> float:
        """The sum of what a second brings."""
        return self.per_second * self.mean

    def share_up_to(self, bound: float) -> float:
        return 1 - math.exp(-bound / self.mean)

    def quantile(self, share: float) -> float:
        return -math.log(1 - share) * self.mean


@dataclass(frozen=True, slots=True)
class Series:
    """One series of a target, without the labels that the target itself gets.

    family      the metric as its # TYPE line names it
    is_counter  whether `value` is how much it grows per second; else it is what it shows
    value       the faults that are on, Unix time in seconds -> its value or growth then
    text        name and labels as a page has them
    """

    family: str
    name: str
    labels: Mapping[str, str]
    is_counter: bool
    value: Callable[[Faults, float], float]
    text: str = field(init=False)

    def __post_init__(self) -> None:
        labels = ",".join(f'{name}="{value}"' for name, value in self.labels.items())
        object.__setattr__(self, "text", f"{self.name}{{{labels}}}" if labels else self.name)


@dataclass(slots=True)
class Target:
    """One scraped endpoint.

    labels   what the scrape configuration gives it beside job and instance
    down     faults during which it does not answer
    bare     faults during which it answers without a single metric
    """

    job: str
    instance: str
    labels: Mapping[str, str] = field(default_factory=dict)
    down: Faults = frozenset()
    bare: Faults = frozenset()
    series: list[Series] = field(default_factory=list)
    types: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"/{self.job}/{self.instance}/metrics"

    @property
    def identity(self) -> dict[str, str]:
        return {"job": self.job, "instance": self.instance, **self.labels}

    def counter(self, name: str, per_second: float, during: Mapping[str, float] = NOTHING, /, **labels: str) -> None:
        """It grows by `per_second`; while a fault of `during` is on by what stands there, of several by the last."""
        self.types[name] = "counter"
        self._add(name, name, labels, lambda faults, _: _chosen(per_second, during, faults), is_counter=True)

    def gauge(
        self,
        name: str,
        value: float,
        during: Mapping[str, float | Callable[[float], float]] = NOTHING,
        /,
        **labels: str,
    ) -> None:
        """It shows `value`; while a fault of `during` is on what stands there, which may depend on the time."""
        self.types[name] = "gauge"

        def level(faults: Faults, at: float) -> float:
            chosen: float | Callable[[float], float] = _chosen(value, during, faults)
            return chosen(at) if callable(chosen) else chosen

        self._add(name, name, labels, level, is_counter=False)

    def histogram(
        self, name: str, bounds: Sequence[float], load: Load, means: Mapping[str, float] = NOTHING,
        rates: Mapping[str, float] = NOTHING, /, **labels: str,
    ) -> None:  # fmt: skip
        """A classic histogram with these upper bounds, and +Inf; faults change the mean, and how many there are."""
        self.types[name] = "histogram"
        observed = _observed(load, means, rates)
        for bound in (*bounds, math.inf):
            edge = "+Inf" if bound == math.inf else f"{bound:g}"
            self._add(name, f"{name}_bucket", {**labels, "le": edge}, _up_to(bound, observed), is_counter=True)
        self._add_total(name, labels, observed)

    def summary(self, name: str, load: Load, means: Mapping[str, float] = NOTHING, /, **labels: str) -> None:
        """A summary with the quantiles 0.5, 0.95 and 0.99; faults change the mean."""
        self.types[name] = "summary"
        observed = _observed(load, means, NOTHING)
        for share in (0.5, 0.95, 0.99):
            self._add(name, name, {**labels, "quantile": str(share)}, _quantile(share, observed), is_counter=False)
        self._add_total(name, labels, observed)

    def _add_total(self, family: str, labels: Mapping[str, str], observed: Callable[[Faults], Load]) -> None:
        self._add(family, f"{family}_sum", labels, lambda faults, _: observed(faults).total, is_counter=True)
        self._add(family, f"{family}_count", labels, lambda faults, _: observed(faults).per_second, is_counter=True)

    def _add(
        self,
        family: str,
        name: str,
        labels: Mapping[str, str],
        value: Callable[[Faults, float], float],
        *,
        is_counter: bool,
    ) -> None:
        self.series.append(Series(family, name, labels, is_counter, value))


def flapping(seconds: float) -> Callable[[float], float]:
    """1 and 0 in turns, each for so long."""
    return lambda at: float(int(at / seconds) % 2 == 0)


def _chosen(usual: T, during: Mapping[str, T], faults: Faults) -> T:
    for fault, value in during.items():
        if fault in faults:
            usual = value
    return usual


def _observed(load: Load, means: Mapping[str, float], rates: Mapping[str, float]) -> Callable[[Faults], Load]:
    return lambda faults: Load(_chosen(load.per_second, rates, faults), _chosen(load.mean, means, faults))


def _up_to(bound: float, observed: Callable[[Faults], Load]) -> Callable[[Faults, float], float]:
    return lambda faults, _: observed(faults).per_second * observed(faults).share_up_to(bound)


def _quantile(share: float, observed: Callable[[Faults], Load]) -> Callable[[Faults, float], float]:
    return lambda faults, _: observed(faults).quantile(share)
