"""The budget kind: a ledger per scope and period, a ladder of thresholds, and burn rates.

Every step of the ladder is an alert of its own, told apart by the label budget_threshold. It fires once in a period: until
the period ends, the limit is raised above it, or the rule goes. It is told once and not repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

import msgspec
import numpy as np

from alertd.labels import LabelSet
from alertd.ledger.backfill import Backfill, raw_query
from alertd.ledger.catalogue import GenaiPrices
from alertd.ledger.flow import OneToOne, Rates
from alertd.ledger.layout import Layout
from alertd.ledger.ledger import Ledger
from alertd.ledger.periods import Calendar, PeriodKind, Span
from alertd.ledger.prices import PriceSettings, PriceTable, TokenPrices, TokenWeights
from alertd.ledger.profile import week_profile
from alertd.query.batch import F64, SeriesBatch
from alertd.query.history import HistoryNeed, SeriesMatrix
from alertd.rules.budget_birth import STARTS_QUERY, Births
from alertd.rules.budget_burn import Burn, burns, standard_windows
from alertd.rules.budget_evidence import Evidence
from alertd.rules.budget_findings import burning, ladder, unpriced
from alertd.rules.budget_quality import unpriced_models
from alertd.rules.budget_settings import BudgetSettings
from alertd.rules.budget_standing import Standing
from alertd.rules.finding import Judgement
from alertd.rules.kind import Inputs
from alertd.rules.spend_course import Course
from alertd.rules.spend_settings import DOLLARS, TOKENS, LimitQuery, limits_of

BYTES_PER_SECOND = 20_000
"""How much memory a budget may write on average: a large ledger is saved every few minutes, and read up again from there."""

LONGEST_UNSAVED = timedelta(minutes=15)
_MEMORY = 1


class _Memory(msgspec.Struct, frozen=True, array_like=True):
    """judged_period is when the period began that was judged last (Unix seconds); limits are those a query answered."""

    version: int
    ledger: bytes
    judged_period: float | None
    limits: list[tuple[dict[str, str], float]]


_DECODE = msgspec.msgpack.Decoder(_Memory).decode


@dataclass(frozen=True)
class Budget:
    """A rule with a budget.

    prices   for tokens in dollars; None: those of the package alone
    """

    settings: BudgetSettings
    rule_unit: str = ""
    prices: PriceTable | None = None
    name: str = "budget"

    @property
    def unit(self) -> str:
        return self.settings.unit or self.rule_unit or (TOKENS if self.settings.tokens else DOLLARS)

    @property
    def is_priced(self) -> bool:
        """Whether tokens are turned into dollars."""
        return bool(self.settings.tokens) and self.unit == DOLLARS

    @property
    def query(self) -> str:
        return raw_query(self.settings.metric)

    @cached_property
    def further_queries(self) -> Sequence[str]:
        limit = self.settings.limit
        return (
            STARTS_QUERY,
            *([limit.query] if isinstance(limit, LimitQuery) else []),
            *(raw_query(metric) for metric in self.beside),
        )

    @cached_property
    def beside(self) -> Sequence[str]:
        """Further counters: requests, and those that reported no usage."""
        return [metric for metric in (self.settings.requests, self.settings.usage_missing) if metric]

    @cached_property
    def layout(self) -> Layout:
        settings = self.settings
        return Layout(
            metric=settings.metric,
            unit=self.unit,
            by=settings.by,
            calendar=settings.calendar(),
            drilldown=settings.drilldown,
            tokens=settings.token_labels.as_token_labels() if settings.tokens else None,
        )

    def rates(self) -> Rates:
        """What a unit of the counter is worth."""
        settings = self.settings
        if not settings.tokens:
            return OneToOne()
        # agentgateway's raw input tokens are counted as each provider counts them.
        by_name = "by_provider" if settings.tokens.startswith("agentgateway_") else "included"
        cache = settings.cache or by_name
        if self.is_priced:
            return TokenPrices(self.prices or PriceTable(PriceSettings(), GenaiPrices()), cache)
        written = 0.0 if cache == "included" else 1.0
        weights = {"input": 1.0, "output": 1.0, "cache_read": 0.0, "cache_write": written, **settings.weights}
        return TokenWeights(tuple(sorted(weights.items())))

    def with_prices(self, prices: PriceTable) -> Budget:
        """The same budget under other prices; itself where it prices nothing."""
        return replace(self, prices=prices) if self.is_priced else self

    def open(self, memory: bytes) -> BudgetJudge:
        """See `Kind.open`; a limit, thresholds or prices that changed leave the ledger as it is."""
        return BudgetJudge(self, memory)


class BudgetJudge:
    """A budget at work; the ledger is public for whoever projects or shows it."""

    def __init__(self, kind: Budget, memory: bytes) -> None:
        self.kind = kind
        self.limits: dict[LabelSet, float] = {}  # those a query answered
        self.standing: Standing | None = None  # as of the newest slot
        self._judged_period: float | None = None
        self._interval = timedelta(minutes=1)
        self._births = Births()
        beside = [Backfill(raw_query(metric), beside=metric) for metric in kind.beside]
        self._backfills = [*beside, Backfill(kind.query)]  # spend comes last: see `Ledger.learn_beside`
        self._profile: tuple[float, F64 | None] = (-1.0, None)
        self._saved: tuple[datetime, int] | None = None
        self._saved_period: float | None = None
        self.ledger = self._restore(memory) or Ledger(kind.layout, kind.rates(), kind.beside)

    def _restore(self, memory: bytes) -> Ledger | None:
        """The ledger that was saved, if it is of use; then the rest of the memory is taken too."""
        saved = self._read(memory)
        if saved is None:
            return None
        ledger = Ledger.load(saved.ledger, self.kind.layout, rates=self.kind.rates(), beside=self.kind.beside)
        if ledger is not None:
            self._judged_period = self._saved_period = saved.judged_period
            self.limits = {LabelSet(labels): limit for labels, limit in saved.limits}
        return ledger

    @staticmethod
    def _read(memory: bytes) -> _Memory | None:
        try:
            saved = _DECODE(memory) if memory else None
        except msgspec.DecodeError:
            return None
        return saved if saved is not None and saved.version == _MEMORY else None

    # -- judging -----------------------------------------------------------------------------------------------------

    def judge(self, inputs: Inputs) -> Judgement:
        """Every step of the ladder that is crossed, every window that burns too fast, and models without a price.

        The first slot of a period finds nothing: what fired in the last one ends, even where it fires again at once.
        """
        at, self._interval = inputs.at, inputs.interval
        standing = self.advance(inputs)
        begins = self._turn(standing.period)
        seen = SeriesBatch(labels=standing.scopes, values=standing.spent, at=at)
        if begins or self.ledger.at is None:
            return Judgement((), seen=seen)
        evidence = Evidence(self.kind.settings, self.ledger, standing)
        findings = (
            *ladder(self.kind.settings.thresholds, evidence),
            *burning(self._burns(evidence), evidence),
            *(unpriced(self.ledger) if self.kind.is_priced else ()),
        )
        return Judgement(findings, seen=seen)

    def _turn(self, period: Span) -> bool:
        """Whether this is the first slot of a period that is judged after another one."""
        start = None if self.calendar.kind is PeriodKind.ROLLING else period.start.timestamp()
        before, self._judged_period = self._judged_period, start
        return before is not None and before != start

    @property
    def calendar(self) -> Calendar:
        return self.kind.layout.calendar

    def advance(self, inputs: Inputs) -> Standing:
        """Take the counters and limits of one slot; how the budgets stand then."""
        limit, others = self.kind.settings.limit, inputs.others
        if isinstance(limit, LimitQuery):
            answer = others[limit.query].samples()
            # A limit that is not answered now stays as it was.
            self.limits |= {series.only(self.kind.settings.by): value for series, value in answer if value > 0}
        self.ledger.advance(
            inputs.batch,
            inputs.at,
            interval=inputs.interval,
            born=self._births.begun(others.get(STARTS_QUERY), since=self.ledger.at),
            beside={metric: others[raw_query(metric)] for metric in self.kind.beside},
        )
        self.standing = self._stand(inputs.at)
        return self.standing

    def _stand(self, at: datetime) -> Standing:
        period = self.calendar.period(at)
        return Standing(
            at=at,
            period=period,
            unit=self.kind.unit,
            scopes=tuple(self.ledger.scopes),
            spent=self.ledger.spent(period),
            limits=self.limits_now(),
            known=self.ledger.completeness(period, at=at),
            price_table=self.ledger.rates.version if self.kind.is_priced else "",
            unpriced=self.ledger.unpriced_in_all if self.kind.is_priced else 0.0,
            missing=unpriced_models(*self.ledger.lines()[:2]) if self.kind.is_priced else {},
        )

    def limits_now(self) -> F64:
        """[scopes] NaN where a scope has none."""
        settings = self.kind.settings
        return limits_of(settings.limit, settings.by, self.ledger.scopes, answered=self.limits)

    def course(self, scope: LabelSet, *, since: datetime | None, points: int) -> Course | None:
        """What a scope spent up to now, from its period's start or from `since`; None of a scope that is not known."""
        settings = self.kind.settings
        limit = float(limits_of(settings.limit, settings.by, [scope], answered=self.limits)[0])
        steps = {step.at: step.share for step in settings.thresholds}
        named = steps if 1.0 in steps.values() else {**steps, "limit": 1.0}
        limits = {name: limit * share for name, share in named.items()} if np.isfinite(limit) else {}
        return Course.of(self.ledger, scope, since=since, points=points, limits=limits)

    def _burns(self, evidence: Evidence) -> list[Burn]:
        asked = self.kind.settings.burn_rate
        windows = standard_windows(evidence.period.length) if asked is True else asked or ()
        if not windows:
            return []
        return burns(
            self.ledger,
            windows,
            limits=evidence.limits,
            period=evidence.period,
            profile=self._week(evidence.at),
            at=evidence.at,
        )

    def _week(self, at: datetime) -> F64 | None:
        """The week's profile, made once an hour."""
        hour = at.timestamp() // 3600
        if self._profile[0] != hour:
            self._profile = hour, week_profile(self.ledger.hours(), self.calendar.zone)
        return self._profile[1]

    # -- history and memory ------------------------------------------------------------------------------------------

    def wants(self, at: datetime) -> Sequence[HistoryNeed]:
        """See `Judge.wants`."""
        return [need for one in self._backfills for need in one.wants(self.ledger, at, self._interval)]

    def learn(self, need: HistoryNeed, matrix: SeriesMatrix) -> None:
        """See `Judge.learn`."""
        for one in self._backfills:
            if one.query == need.expr:
                one.learn(self.ledger, need, matrix)

    def saves(self, at: datetime) -> bool:
        """Each slot, or as often as its size allows; at once when a period began."""
        if self._saved is None or self._judged_period != self._saved_period:
            return True
        saved_at, size = self._saved
        return at - saved_at >= min(timedelta(seconds=size / BYTES_PER_SECOND), LONGEST_UNSAVED)

    def memory(self) -> bytes:
        """See `Judge.memory`."""
        limits = [(scope.to_dict(), limit) for scope, limit in self.limits.items()]
        memory = msgspec.msgpack.encode(_Memory(_MEMORY, self.ledger.dump(), self._judged_period, limits))
        if self.ledger.at is not None:
            self._saved = self.ledger.at, len(memory)
        self._saved_period = self._judged_period
        return memory
