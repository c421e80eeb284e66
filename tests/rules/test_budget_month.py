"""A month against the truth: restarts, churn, outages of Prometheus, a crash of alertd, clocks that change, 15 days of data."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from alertd.alerts.alert import Alert
from alertd.alerts.annotate import TemplateContext
from alertd.alerts.evaluation import evaluate
from alertd.alerts.posted import PostedAlert
from alertd.alerts.sending import Sending, posted
from alertd.labels import LabelSet
from alertd.ledger.periods import Span
from alertd.notify.log import LogEntry, episodes
from alertd.notify.reason import needs_update
from alertd.query.batch import SeriesBatch
from alertd.rules.budget import Budget, BudgetJudge
from alertd.rules.budget_settings import BudgetSettings
from alertd.rules.kind import Inputs
from alertd.rules.rule import AlertingRule
from tests.support.builders import a_flush, a_log_entry
from tests.support.spending import Month

BERLIN = ZoneInfo("Europe/Berlin")
MARCH = Span(
    datetime(2026, 3, 1, tzinfo=BERLIN).astimezone(ZoneInfo("UTC")),
    datetime(2026, 4, 1, tzinfo=BERLIN).astimezone(ZoneInfo("UTC")),
)
INTERVAL = timedelta(minutes=2)
LIMIT = 1000
STEPS = [0.5, 0.8, 1.0]
TOLD_EVERY = timedelta(hours=6)


def outage(day: int, hour: int) -> Span:
    start = MARCH.start + timedelta(days=day, hours=hour)
    return Span(start, start + timedelta(hours=2))


@pytest.fixture(scope="module")
def month() -> Month:
    """From two days before March until two days after it; small stays under half of the limit, large goes far over it."""
    return Month(
        start=MARCH.start - timedelta(days=2),
        days=35,
        tenants={"small": 12.0, "middle": 28.0, "large": 90.0},
        outages=[outage(5, 9), outage(17, 15), outage(28, 1)],  # the last one while clocks change
    )


@dataclass
class Phone:
    """Every label set is a group of its own; each is looked at when it changes and four times a day."""

    firing: Counter[tuple[str, str]] = field(default_factory=Counter)
    resolved: Counter[tuple[str, str]] = field(default_factory=Counter)
    _log: dict[LabelSet, LogEntry] = field(default_factory=dict)
    _alerts: dict[LabelSet, PostedAlert] = field(default_factory=dict)

    def hand_on(self, alert: PostedAlert) -> None:
        self._alerts[alert.labels] = alert
        self._look(alert.labels, alert.updated_at)

    def tick(self, at: datetime) -> None:
        for labels in self._alerts:
            self._look(labels, at)

    def _look(self, labels: LabelSet, at: datetime) -> None:
        flush = a_flush(self._alerts[labels], tick=at, labels=labels)
        reason = needs_update(self._log.get(labels), flush, send_resolved=True, repeat_interval=TOLD_EVERY, at=at)
        if reason is not None:
            told = self.firing if flush.firing else self.resolved
            told[labels.get("tenant"), labels.get("budget_threshold")] += 1
            self._log[labels] = a_log_entry(firing=episodes(flush.firing), resolved=episodes(flush.resolved), at=at)


@dataclass
class Alertd:
    """One rule, slot by slot, with what it would have on disk."""

    month: Month
    rule: AlertingRule
    judge: BudgetJudge
    alerts: dict[LabelSet, Alert] = field(default_factory=dict)
    disk: bytes = b""

    def slot(self, at: datetime) -> list[Alert]:
        """The alerts that changed."""
        if self.month.is_down(at):
            return []
        for need in self.judge.wants(at):
            self.judge.learn(need, self.month.history(need, now=at))
            self.disk = self.judge.memory()
        empty = SeriesBatch.empty(at=at)
        inputs = Inputs(
            at=at, interval=INTERVAL, batch=self.month.answer(at),
            others=dict.fromkeys(self.judge.kind.further_queries, empty),
        )  # fmt: skip
        before = self.alerts
        self.alerts = evaluate(self.rule, self.judge.judge(inputs), before, TemplateContext(), queries={}, at=at).alerts
        if self.judge.saves(at):
            self.disk = self.judge.memory()
        return [alert for labels, alert in self.alerts.items() if _episode(before.get(labels)) != _episode(alert)]

    def crash(self) -> None:
        self.judge = self.judge.kind.open(self.disk)


def _episode(alert: Alert | None) -> object:
    return alert and (alert.fired_at, alert.resolved_at)


def an_alertd(month: Month) -> Alertd:
    settings = {
        "spend": "cost_usd_total",
        "by": ["tenant"],
        "limit": LIMIT,
        "timezone": "Europe/Berlin",
        "drilldown": "model",
    }
    kind = Budget(BudgetSettings.model_validate(settings))
    return Alertd(month, AlertingRule(name="TeamBudget", expr=kind.query, kind=kind), kind.open(b""))


def live(alertd: Alertd, phone: Phone, begin: datetime, end: datetime) -> None:
    sending = Sending(interval=INTERVAL, resend_delay=INTERVAL, external_labels={}, external_url="")
    at, looked = begin, begin
    while at < end:
        for alert in alertd.slot(at):
            phone.hand_on(posted(alertd.rule, alert, sending, at=at))
        if at - looked >= TOLD_EVERY:
            phone.tick(at)
            looked = at
        at += INTERVAL


def test_a_month_of_trouble_is_within_half_a_percent_and_every_threshold_is_told_once(month: Month) -> None:
    alertd, phone = an_alertd(month), Phone()
    first_start = MARCH.start + timedelta(days=3, hours=7)
    crash = MARCH.start + timedelta(days=20, hours=11)
    last_slot = MARCH.end - INTERVAL
    live(alertd, phone, first_start, crash)
    alertd.crash()
    live(alertd, phone, crash + timedelta(minutes=40), MARCH.end)
    ledger = alertd.judge.ledger
    spent = {scope["tenant"]: ledger.spend(scope) for scope in ledger.scopes}
    truth = month.truth(Span(MARCH.start, last_slot))
    assert spent == {name: pytest.approx(amount, rel=0.005) for name, amount in truth.items()}
    expected = month.crossings(MARCH, LIMIT, STEPS)
    assert len(expected) == 5
    assert phone.firing == Counter(expected)
    assert phone.resolved == Counter()
    live(alertd, phone, MARCH.end, MARCH.end + timedelta(hours=1))
    assert phone.firing == phone.resolved == Counter(expected)


def test_the_gaps_of_the_month_are_marked(month: Month) -> None:
    alertd, begin = an_alertd(month), MARCH.start
    at = begin
    while at < MARCH.start + timedelta(days=6):
        alertd.slot(at)
        at += INTERVAL
    known = alertd.judge.ledger.completeness(Span(MARCH.start, MARCH.end), at=at)
    assert known.complete_from == MARCH.start
    assert known.share == pytest.approx(1 - 2 / 144, abs=0.002)
    lost = month.truth(month.outages[0])
    assert sum(known.imputed) == pytest.approx(sum(lost.values()), rel=0.25)
