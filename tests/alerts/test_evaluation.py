"""One rule, slot by slot: templates, duplicates, limit, no data, errors."""

import pytest

from alertd.alerts.alert import Resolution, State
from alertd.alerts.annotate import NeedsQueries, TemplateContext
from alertd.alerts.evaluation import Evaluated, evaluate, failed
from alertd.labels import LabelSet
from alertd.query.batch import SeriesBatch
from alertd.rules.finding import Finding, Judgement
from alertd.rules.kind import Inputs
from alertd.rules.recording import RuleError
from alertd.rules.rule import AlertingRule, Policy
from alertd.template.prometheus import QueryFailed, Sample
from tests.support.rules import T0, a_batch, an_alerting_rule, minute

CONTEXT = TemplateContext(external_labels={"dc": "eu"}, external_url="http://alertd.example")


def run(rule: AlertingRule, *answers: SeriesBatch | str, queries: dict[str, object] | None = None) -> Evaluated:
    """The rule after one answer (or error text) per minute."""
    result = Evaluated({})
    for number, answer in enumerate(answers):
        if isinstance(answer, str):
            result = failed(rule, result.alerts, answer, at=minute(number))
            continue
        inputs = Inputs(at=minute(number), interval=minute(1) - T0, batch=answer)
        judgement = rule.kind.open(b"").judge(inputs)
        result = evaluate(rule, judgement, result.alerts, CONTEXT, queries=queries or {}, at=minute(number))  # type: ignore[arg-type]
    return result


def by_tenant(result: Evaluated) -> dict[str, State]:
    return {alert.labels.get("tenant"): alert.state for alert in result.alerts.values()}


def test_rule_labels_go_over_the_series_labels_and_the_rules_name_over_all() -> None:
    rule = an_alerting_rule(
        labels={"tenant": "", "alertname": "other", "x": "{{ $labels.tenant }}-{{ $labels.__name__ }}"},
        annotations={
            "d": "{{ $labels.tenant }}={{ $value }} {{ $labels.x }}| {{ $externalLabels.dc }} {{ $externalURL }}"
        },
    )
    (alert,) = run(rule, a_batch({"a": 6})).alerts.values()
    assert alert.labels == LabelSet({"alertname": "A", "x": "a-m"})
    assert alert.annotations == {"d": "a=6 | eu http://alertd.example"}
    assert alert.series == LabelSet({"__name__": "m", "tenant": "a"})


def test_texts_of_the_kind_go_over_the_rules_own_and_told_once_is_the_alerts() -> None:
    rule = an_alerting_rule(annotations={"summary": "{{ $labels.tenant }}", "runbook_url": "http://runbook.example"})
    finding = Finding(LabelSet({"tenant": "a"}), 6.0, annotations={"summary": "no price"}, told_once=True)
    (alert,) = evaluate(rule, Judgement((finding,)), {}, CONTEXT, queries={}, at=T0).alerts.values()
    assert alert.annotations == {"summary": "no price", "runbook_url": "http://runbook.example"}
    assert alert.told_once


def test_a_template_that_fails_becomes_text_and_the_alert_lives() -> None:
    (alert,) = run(an_alerting_rule(annotations={"bad": "{{ .Foo }}"}), a_batch({"a": 6})).alerts.values()
    assert alert.annotations["bad"].startswith(
        "<error expanding template: error executing template __alert_A: template: __alert_A:1:115:"
    )


def test_two_series_with_the_same_labels_are_an_error_and_nothing_changes() -> None:
    with pytest.raises(RuleError, match="vector contains metrics with the same labelset after applying alert labels"):
        run(an_alerting_rule(labels={"tenant": "same"}), a_batch({"a": 6, "b": 7}))


def test_templates_ask_for_all_they_need_at_once_and_get_answers_or_errors() -> None:
    rule = an_alerting_rule(
        annotations={"d": '{{ with query (printf "n{t=%q}" $labels.tenant) }}{{ . | first | value }}{{ end }}'}
    )
    with pytest.raises(NeedsQueries) as needs:
        run(rule, a_batch({"a": 6, "b": 7}))
    assert needs.value.exprs == {'n{t="a"}', 'n{t="b"}'}
    answers = {'n{t="a"}': [Sample(labels={}, value=3.0)], 'n{t="b"}': QueryFailed("no such thing")}
    texts = [alert.annotations["d"] for alert in run(rule, a_batch({"a": 6, "b": 7}), queries=answers).alerts.values()]
    assert texts[0] == "3"
    assert "error calling query: no such thing" in texts[1]


@pytest.mark.parametrize(
    ("policy", "answers", "expected"),
    [
        pytest.param(Policy.OK, [{"a": 9}, {}], {"a": State.INACTIVE}, id="ok: a series that is gone resolves"),
        pytest.param(Policy.KEEP, [{"a": 9}, {}], {"a": State.FIRING}, id="keep: it stays firing"),
        pytest.param(
            Policy.KEEP, [{"a": 9}, {"b": 1}], {"a": State.FIRING}, id="keep: also while other series have data"
        ),
        pytest.param(
            Policy.KEEP, [{"a": 9}, {}, {"a": 1}], {"a": State.INACTIVE}, id="keep: it resolves once it is seen clear"
        ),
        pytest.param(Policy.KEEP, [{"a": 9}, {}, {"a": 9}], {"a": State.FIRING}, id="keep: it goes on when it is back"),
        pytest.param(
            Policy.ALERT, [{"a": 9}, {}], {"a": State.FIRING, "": State.FIRING}, id="alert: nothing at all is an alert"
        ),
        pytest.param(
            Policy.ALERT, [{"a": 9}, {"b": 1}], {"a": State.FIRING}, id="alert: one missing series is not nothing"
        ),
        pytest.param(Policy.ALERT, [{}, {"a": 1}], {"": State.INACTIVE}, id="alert: data end it"),
    ],
)
def test_no_data(policy: Policy, answers: list[dict[str, float]], expected: dict[str, State]) -> None:
    rule = an_alerting_rule(expr="m", threshold={"above": 5}, labels={"severity": "page"}, on_no_data=policy)
    result = run(rule, *[a_batch(answer) for answer in answers])
    assert by_tenant(result) == expected
    for alert in result.alerts.values():
        if "tenant" not in alert.labels:
            assert alert.labels == LabelSet({"alertname": "A", "severity": "page", "alertd_reason": "no_data"})


def test_an_end_without_data_says_so() -> None:
    rule = an_alerting_rule(expr="m", threshold={"above": 5})
    (gone,) = run(rule, a_batch({"a": 9}), a_batch({})).alerts.values()
    (clear,) = run(rule, a_batch({"a": 9}), a_batch({"a": 2})).alerts.values()
    assert (gone.resolution, gone.resolved_value) == (Resolution.NO_DATA, None)
    assert (clear.resolution, clear.resolved_value) == (Resolution.CLEARED, 2.0)


@pytest.mark.parametrize(
    "answers",
    [pytest.param([{}, {"a": 1}], id="there are data again"), pytest.param(["down", {"a": 1}], id="an answer again")],
)
def test_an_alert_about_the_rule_itself_has_cleared_when_it_ends(answers: list[dict[str, float] | str]) -> None:
    rule = an_alerting_rule(expr="m", threshold={"above": 5}, on_no_data=Policy.ALERT, on_error=Policy.ALERT)
    (alert,) = run(rule, *[a if isinstance(a, str) else a_batch(a) for a in answers]).alerts.values()
    assert (alert.state, alert.resolution, alert.resolved_value) == (State.INACTIVE, Resolution.CLEARED, None)


@pytest.mark.parametrize(
    ("policy", "answers", "expected"),
    [
        pytest.param(Policy.KEEP, [{"a": 9}, "down"], {"a": State.FIRING}, id="keep: unknown, so nothing changes"),
        pytest.param(Policy.OK, [{"a": 9}, "down"], {"a": State.INACTIVE}, id="ok: taken for not breached"),
        pytest.param(
            Policy.ALERT, [{"a": 9}, "down"], {"a": State.FIRING, "": State.FIRING}, id="alert: the failure alerts"
        ),
        pytest.param(Policy.ALERT, ["down", {"a": 1}], {"": State.INACTIVE}, id="alert: an answer ends it"),
    ],
)
def test_an_evaluation_that_fails(
    policy: Policy, answers: list[dict[str, float] | str], expected: dict[str, State]
) -> None:
    result = run(
        an_alerting_rule(expr="m", threshold={"above": 5}, on_error=policy),
        *[a if isinstance(a, str) else a_batch(a) for a in answers],
    )
    assert by_tenant(result) == expected


def test_a_failure_while_pending_counts_toward_for() -> None:
    rule = an_alerting_rule(expr="m", threshold={"above": 5}, hold="2m")
    result = run(rule, a_batch({"a": 9}), "down", a_batch({"a": 9}))
    assert [(alert.state, alert.active_at) for alert in result.alerts.values()] == [(State.FIRING, T0)]


def test_too_many_alerts_end_all_and_say_why() -> None:
    result = run(an_alerting_rule(limit=1), a_batch({"a": 9}), a_batch({"a": 9, "b": 9}))
    assert result.error == "exceeded limit of 1 with 2 alerts"
    assert [(alert.state, alert.resolution) for alert in result.alerts.values()] == [(State.INACTIVE, Resolution.LIMIT)]
    again = run(an_alerting_rule(limit=1), a_batch({"a": 9}), a_batch({"a": 9, "b": 9}), a_batch({"a": 9}))
    assert [(alert.state, alert.active_at) for alert in again.alerts.values()] == [(State.FIRING, minute(2))]
