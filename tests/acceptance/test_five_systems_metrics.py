"""The simulated systems expose what their documents name and what the rules about them ask for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import promql_parser
import pytest

from alertd.config.packs import pack_path
from alertd.config.rule_files import load_rule_file
from alertd.labels import LabelSet
from alertd.query.promql import parse, selectors
from alertd.rules.rule import AlertingRule
from tests.support.gateways import DAILY, SYSTEMS, Simulator
from tests.support.gateways.stories import DOCUMENTS

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
BORN = AT - timedelta(days=1)
SEED_RULES = Path(__file__).parents[1] / "cases" / "seed_rules"

NAMED_IN_THE_TEXT = {
    "agentgateway": ["agentgateway_gen_ai_client_token_usage_sum"],
    "llm-orchestrator": [
        "orchestrator_provider_requests_total", "orchestrator_provider_latency_seconds_bucket",
        "orchestrator_provider_timeouts_total", "orchestrator_provider_tokens_total",
        "orchestrator_provider_cost_dollars_total", "orchestrator_provider_circuit_breaker_state",
        "orchestrator_provider_retries_total", "orchestrator_provider_cache_hits_total",
        "orchestrator_provider_cache_misses_total",
    ],
    "ai-gateway": [
        "aigateway_provider_errors_total", "aigateway_requests_total", "aigateway_request_duration_seconds_bucket",
        "aigateway_cost_usd_total", "aigateway_cache_hits_total", "aigateway_cache_misses_total",
    ],
    "langwatch-gateway": ["gateway_budget_debit_outbox_dropped_total"],
    "llm-router": [
        "http_requests_total", "http_request_duration_seconds", "model_inference_total",
        "model_inference_duration_seconds", "model_tokens_generated_total", "system_cpu_usage_percent",
        "system_memory_usage_bytes",
    ],
}  # fmt: skip
"""Metrics in the tables, queries and examples of a document, beside those of its rules."""

NOT_SIMULATED = {
    "process_start_time_seconds": "read beside a budget's counter, where an exporter has it",
    "model_inference_duration_seconds_bucket": "the router exports a summary; a rule reads buckets too, where there are some",
    "vllm:gpu_cache_usage_perc": "an older version's name of vllm:kv_cache_usage_perc",
    "vllm:time_per_output_token_seconds_bucket": "an older version's name of vllm:inter_token_latency_seconds_bucket",
}

DEFECTS = {'gateway_provider_attempts_total{outcome="fallback"}'}
"""Selectors of the documents' own rules that no version of the product answers."""


def made(system: str) -> list[LabelSet]:
    """Every series of a system."""
    return [sample.labels for sample in SYSTEMS[system](born=BORN).samples(AT)]


def exprs(path: Path) -> Iterator[str]:
    """What the rules of a file ask Prometheus for."""
    file = load_rule_file(path.read_text(), file=path.name)
    for rule in (rule for group in file.groups for rule in group.rules):
        yield from [rule.kind.query, *rule.kind.further_queries] if isinstance(rule, AlertingRule) else [rule.expr]


def unanswered(path: Path, series: list[LabelSet]) -> set[str]:
    """Selectors of a rule file that match none of the series."""
    asked = {selector.prettify(): selector for expr in exprs(path) for selector in selectors(parse(expr))}
    return {
        text.partition(" offset ")[0]
        for text, selector in asked.items()
        if selector.name not in NOT_SIMULATED and not any(matches(selector, labels) for labels in series)
    }


def matches(selector: Any, labels: LabelSet) -> bool:
    if selector.name is not None and labels["__name__"] != selector.name:
        return False
    return all(HOLDS[str(one.op)](labels.get(one.name), one.value) for one in selector.matchers.matchers)


HOLDS: dict[str, Callable[[str, str], bool]] = {
    str(promql_parser.MatchOp.Equal): lambda has, wanted: has == wanted,
    str(promql_parser.MatchOp.NotEqual): lambda has, wanted: has != wanted,
    str(promql_parser.MatchOp.Re): lambda has, wanted: re.fullmatch(wanted, has) is not None,
    str(promql_parser.MatchOp.NotRe): lambda has, wanted: re.fullmatch(wanted, has) is None,
}


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_selector_of_a_pack_finds_series(system: str) -> None:
    assert unanswered(pack_path(system), made(system)) == set()


@pytest.mark.parametrize("system", DOCUMENTS)
def test_every_selector_of_a_document_finds_series(system: str) -> None:
    assert unanswered(SEED_RULES / f"{DOCUMENTS[system]}.yml", made(system)) - DEFECTS == set()


@pytest.mark.parametrize("system", DOCUMENTS)
def test_every_metric_in_the_text_of_a_document_is_there(system: str) -> None:
    assert set(NAMED_IN_THE_TEXT[system]) - {labels["__name__"] for labels in made(system)} == set()


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_fault_changes_something(system: str) -> None:
    for fault in SYSTEMS[system](born=BORN).faults:
        calm, faulty = (SYSTEMS[system](born=BORN) for _ in range(2))
        faulty.switch(AT - timedelta(minutes=1), on=[fault])
        assert values(calm, AT) != values(faulty, AT), fault


@pytest.mark.parametrize("system", SYSTEMS)
def test_counters_never_fall_and_go_on_without_a_step(system: str) -> None:
    simulator = SYSTEMS[system](born=BORN, rhythm=DAILY)
    counters = {series.name for target in simulator.targets for series in target.series if series.is_counter}
    hidden = {fault for target in simulator.targets for fault in target.down | target.bare}
    before: dict[LabelSet, float] = {}
    for minute, fault in enumerate(sorted(simulator.faults.keys() - hidden)):
        at = AT + timedelta(minutes=minute)
        simulator.switch(at, on=[fault])
        just_before, now = values(simulator, at - timedelta(microseconds=1)), values(simulator, at)
        for labels, value in now.items():
            if labels["__name__"] in counters:
                assert value >= before.get(labels, 0.0)
                assert value == pytest.approx(just_before[labels], abs=30)  # bytes grow by millions a second
        before = now


def values(simulator: Simulator, at: datetime) -> dict[LabelSet, float]:
    return {sample.labels: sample.value for sample in simulator.samples(at)}
