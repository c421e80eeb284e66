"""One test group: its series written step by step, the rules evaluated at each step, the checks made when they are due."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from alertd.alerts.alert import State
from alertd.alerts.annotate import TemplateContext
from alertd.clock import Clock
from alertd.engine.group_evaluator import GroupEvaluator
from alertd.engine.state import GroupState
from alertd.errors import QueryError
from alertd.labels import LabelSet
from alertd.labels.labelset import METRIC_NAME
from alertd.query.fetcher import Fetcher
from alertd.query.source import Source
from alertd.replay.compare import Difference, Item, Part, compare, exactly, nearly
from alertd.replay.feed import InputFeed, PrometheusSink
from alertd.replay.notifications import NotificationReplay
from alertd.replay.results import CheckResult, RuleFailure
from alertd.replay.test_file import (
    AlertCheck,
    ExpectedAlert,
    ExpectedNotification,
    ExpressionCheck,
    Match,
    UnitTestFile,
)
from alertd.rules.rule import AlertingRule, RuleGroup

_ADDED_BY_THE_API = 'invalid parameter "query": '


class GroupReplay:
    """Runs the test group number `number` of `file` on storage that is still empty.

    rules     the groups of its rule files
    sink      takes the input, and what rules write, to the storage that `source` answers from
    told      who is told of the alerts; None: nothing is expected of that
    """

    def __init__(
        self, file: UnitTestFile, number: int, rules: Sequence[RuleGroup], *,
        sink: PrometheusSink, source: Source, clock: Clock, told: NotificationReplay | None = None,
    ) -> None:  # fmt: skip
        self._file = file
        self._number = number
        self._tests = file.tests
        self._group = group = file.tests.tests[number]
        self._sink = sink
        self._source = source
        self._told = told
        self._equal = nearly if file.tests.fuzzy_compare else exactly
        self._feed = InputFeed(
            group.input_series, start=group.start_timestamp, interval=group.interval or self._tests.evaluation_interval
        )
        # As promtool: every group is evaluated at every step, whatever its own interval.
        step = self._tests.evaluation_interval
        self._states = [GroupState.fresh(replace(one, interval=step)) for one in self._in_order(rules)]
        context = TemplateContext(external_labels=group.external_labels, external_url=group.external_url)
        fetcher = Fetcher({one.source: source for one in rules})
        self._evaluator = GroupEvaluator(fetcher=fetcher, context=context, clock=clock, sink=sink)

    def _in_order(self, rules: Sequence[RuleGroup]) -> list[RuleGroup]:
        """As `group_eval_order` says; groups it does not name count as its first."""
        order = {name: position for position, name in enumerate(self._tests.group_eval_order)}
        return sorted(rules, key=lambda group: order.get(group.name, 0))

    async def run(self) -> tuple[list[CheckResult], list[RuleFailure]]:
        """The checks made, and the rules that failed: at the first step with one the test group ends.

        source   promtool: expressions are checked after all steps, at exactly their time
        """
        checks: list[CheckResult] = []
        for at in self._steps():
            await self._sink.write(self._feed.until(at))
            if failures := await self._evaluate(at):
                return checks, failures
            checks += self._alerts_due(at)
            if self._told is not None:
                await self._told.hand_on(self._states, at)
                await self._told.advance(at + self._tests.evaluation_interval)
        checks += self._notifications()
        for position, check in enumerate(self._group.promql_expr_test):
            checks.append(await self._expression(check, self._line("promql_expr_test", position)))
        return checks, []

    def _steps(self) -> Iterator[datetime]:
        for number in range(self._group.duration // self._tests.evaluation_interval + 1):
            yield self._group.start_timestamp + number * self._tests.evaluation_interval

    async def _evaluate(self, at: datetime) -> list[RuleFailure]:
        for state in self._states:
            await self._evaluator.evaluate(state, at)
        errors = [
            (rule.rule.name, rule.last_error) for state in self._states for rule in state.rules if rule.last_error
        ]
        # Two rules, or a rule and the input, write one series: the rule that came second has failed.
        errors += dict.fromkeys(
            (_writer(clash.labels), "duplicate sample for timestamp") for clash in self._sink.clashes
        )
        return [RuleFailure(rule=rule, at=at - self._group.start_timestamp, error=error) for rule, error in errors]

    def _alerts_due(self, at: datetime) -> Iterator[CheckResult]:
        """The checks whose time is at or after this step and before the next one."""
        elapsed = at - self._group.start_timestamp
        for position, check in enumerate(self._group.alert_rule_test):
            if elapsed <= check.eval_time < elapsed + self._tests.evaluation_interval:
                yield self._alert(check, self._line("alert_rule_test", position))

    def _alert(self, check: AlertCheck, line: int) -> CheckResult:
        expected = tuple(_expected_alert(alert, check.alertname) for alert in check.exp_alerts)
        found = tuple(self._firing(check.alertname))
        return CheckResult(
            kind="alert", subject=check.alertname, at=check.eval_time, line=line,
            expected=expected, found=found, differences=tuple(compare(expected, found)),
        )  # fmt: skip

    def _firing(self, name: str) -> Iterator[Item]:
        """The firing alerts of every rule of that name, whatever its group."""
        for state in self._states:
            for rule in state.rules:
                if isinstance(rule.rule, AlertingRule) and rule.rule.name == name:
                    for alert in rule.alerts.values():
                        if alert.state is State.FIRING:
                            yield Item(labels=alert.labels, annotations=alert.annotations)

    def _notifications(self) -> Iterator[CheckResult]:
        for position, check in enumerate(self._group.exp_notifications if self._told is not None else ()):
            line = self._line("exp_notifications", position)
            differences = tuple(self._notification(check))
            yield CheckResult(
                kind="notification", subject=check.receiver, at=check.at, line=line, differences=differences
            )

    def _notification(self, check: ExpectedNotification) -> Iterator[Difference]:
        assert self._told is not None
        start = self._group.start_timestamp + check.at
        sent = [
            one.text
            for one in self._told.told
            if one.receiver == check.receiver and start <= one.at < start + self._tests.evaluation_interval
        ]
        agreeing = [text for text in sent if all(part in text for part in check.contains)]
        if bool(agreeing) is (check.none == "false"):
            return
        wanted = " and ".join(map(repr, check.contains)) or "anything"
        yield Difference(
            part=Part.NOTIFICATION,
            item=Item(labels=LabelSet({"receiver": check.receiver})),
            expected=f"{'nothing' if agreeing else 'a notification'} with {wanted}",
            found=" / ".join(agreeing or sent) or "nothing was sent",
        )

    async def _expression(self, check: ExpressionCheck, line: int) -> CheckResult:
        result = CheckResult(
            kind="expression", subject=check.expr, at=check.eval_time, line=line,
            expected=tuple(Item(labels=sample.labels, value=sample.value) for sample in check.exp_samples),
        )  # fmt: skip
        try:
            answer = await self._source.instant(check.expr, self._group.start_timestamp + check.eval_time)
        except QueryError as error:
            return replace(result, error=str(error).removeprefix(_ADDED_BY_THE_API))
        found = tuple(Item(labels=labels, value=value) for labels, value in answer.samples())
        return replace(result, found=found, differences=tuple(compare(result.expected, found, self._equal)))

    def _line(self, *place: str | int) -> int:
        return self._file.line("tests", self._number, *place)


def _expected_alert(alert: ExpectedAlert, name: str) -> Item:
    """The name of the alert need not be among its expected labels."""
    return Item(
        labels=LabelSet({**alert.exp_labels, "alertname": name}),
        annotations=alert.exp_annotations,
        subset=alert.match is Match.SUBSET,
    )


def _writer(series: LabelSet) -> str:
    """The name of the rule that writes a series."""
    name = series.get(METRIC_NAME)
    return series.get("alertname") if name in {"ALERTS", "ALERTS_FOR_STATE"} else name
