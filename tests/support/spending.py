"""A month of an AI gateway's spending, known exactly, and what Prometheus would have of it.

Pods come and go, processes begin again, Prometheus is down now and then and keeps 15 days. Minutes are the grid of
everything: a scrape each minute.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

import numpy as np
from numpy.typing import NDArray

from alertd.labels import LabelSet
from alertd.ledger.periods import Span
from alertd.query.batch import SeriesBatch
from alertd.query.history import HistoryNeed, SeriesMatrix

F64 = NDArray[np.float64]
MINUTE = timedelta(minutes=1)
LOOKBACK = 5
MODELS = {"small": 0.2, "large": 0.8}
"""Share of a tenant's dollars."""


@dataclass
class Month:
    """`tenants` dollars a day, spread over pods that live about two days and restart about once a day.

    outages   when Prometheus is down: it neither scrapes nor answers
    """

    start: datetime
    days: int
    tenants: dict[str, float]
    outages: list[Span]
    seed: int = 1
    pods: int = 4
    retention: timedelta = timedelta(days=15)
    labels: tuple[LabelSet, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.minutes = self.days * 1440
        self._random = Random(self.seed)
        shape = 1 + 0.7 * np.sin((np.arange(self.minutes) % 1440 - 480) * 2 * np.pi / 1440)
        noise = np.random.default_rng(self.seed).gamma(2.0, 0.5, (len(self.tenants), self.minutes))
        rates = np.array([*self.tenants.values()])[:, None] / 1440
        self._spent = rates * shape * noise  # [tenants, minutes] dollars in each minute
        lives = [life for slot in range(self.pods) for life in self._lives(slot)]
        names, columns = [], []
        for pod, born, died, restarts in lives:
            for row, tenant in enumerate(self.tenants):
                for model, share in MODELS.items():
                    names.append(_labels(tenant, model, pod))
                    columns.append(self._counter(self._spent[row] * share / self.pods, born, died, restarts))
        self.labels = tuple(names)
        self.scraped: F64 = np.stack(columns, axis=1)  # [minutes + 1, series]
        for outage in self.outages:
            self.scraped[self._minute(outage.start) : self._minute(outage.end)] = np.nan
        self._answers = _carried(self.scraped)

    def _lives(self, slot: int) -> list[tuple[str, int, int, list[int]]]:
        """One pod after the other: name, first minute, last minute, minutes at which its process began again."""
        lives, born = [], 0
        while born < self.minutes:
            died = min(born + self._random.randint(1440, 4320), self.minutes)
            restarts = sorted(self._random.sample(range(born + 1, died), min((died - born) // 1440, died - born - 1)))
            lives.append((f"pod-{slot}-{len(lives)}", born, died, restarts))
            born = died
        return lives

    def _counter(self, spent: F64, born: int, died: int, restarts: list[int]) -> F64:
        """What is scraped of it at each minute; a pod is not scraped any more at the minute it is gone."""
        total = np.concatenate([[0.0], np.cumsum(spent)])
        values = np.full(self.minutes + 1, np.nan)
        for first, last in zip([born, *restarts], [*restarts, died], strict=True):
            values[first:last] = total[first:last] - total[first]
        return values

    def truth(self, span: Span) -> dict[str, float]:
        """What each tenant spent in `span`."""
        part = slice(max(self._minute(span.start), 0), min(self._minute(span.end), self.minutes))
        return {name: float(self._spent[row, part].sum()) for row, name in enumerate(self.tenants)}

    def crossings(self, span: Span, limit: float, shares: list[float]) -> set[tuple[str, str]]:
        """Tenant and step of every threshold that is crossed in `span`."""
        spent = self.truth(span)
        return {(name, f"{share:.0%}") for name in spent for share in shares if spent[name] >= share * limit}

    def is_down(self, at: datetime) -> bool:
        return any(outage.start <= at < outage.end for outage in self.outages)

    def answer(self, at: datetime) -> SeriesBatch:
        """To the raw query at `at`."""
        values = self._answers[self._minute(at)]
        present = np.flatnonzero(np.isfinite(values))
        return SeriesBatch(labels=tuple(self.labels[row] for row in present.tolist()), values=values[present], at=at)

    def history(self, need: HistoryNeed, *, now: datetime) -> SeriesMatrix:
        """To a range of it, as far as data are kept."""
        steps = np.arange(0, (need.end - need.start) // need.step + 1)
        rows = self._minute(need.start) + steps * (need.step // MINUTE)
        rows = rows[rows >= max(self._minute(now - self.retention), 0)]
        values = self._answers[rows]
        present = np.flatnonzero(np.isfinite(values).any(axis=0))
        return SeriesMatrix(
            labels=tuple(self.labels[row] for row in present.tolist()),
            times=self.start.timestamp() + 60.0 * rows,
            values=values[:, present],
        )

    def _minute(self, at: datetime) -> int:
        return (at - self.start) // MINUTE


def _labels(tenant: str, model: str, pod: str) -> LabelSet:
    return LabelSet({"__name__": "cost_usd_total", "tenant": tenant, "model": model, "job": "gateway", "instance": pod})


def _carried(values: F64) -> F64:
    """Each sample stands for `LOOKBACK` minutes, also after its series has ended."""
    carried = values.copy()
    for _ in range(LOOKBACK - 1):
        rows, columns = np.nonzero(np.isnan(carried[1:]) & ~np.isnan(carried[:-1]))
        carried[rows + 1, columns] = carried[rows, columns]
    return carried
