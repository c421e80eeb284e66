"""The simulated traffic: what the trace says, and the incidents on top of it."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.demo.scenario import OUTAGE, PERIOD, SPIKE, Outage, Scenario, Spike, TenantCounters
from alertd.demo.trace import STEP, TraceStep, load_trace

NEVER = {"start": 0.0, "end": 0.0}
CALM = {"outage": Outage(backend="provider-a", failing=1.0, **NEVER), "spike": Spike(tenant="big", factor=9.0, **NEVER)}
BUNDLED = Scenario(load_trace())


def a_trace(steps: int = int(PERIOD / STEP)) -> list[TraceStep]:
    """Two tenants: `big` on m-large asks 600 times a step, `small` on m-small 60 times; 10 and 2 tokens each."""
    return [
        TraceStep(model=model, tenant=tenant, start=k * STEP, requests=n, input_tokens=10 * n, output_tokens=2 * n)
        for tenant, model, n in (("big", "m-large", 600), ("small", "m-small", 60))
        for k in range(steps)
    ]


def of(scenario: Scenario, tenant: str, at: float) -> TenantCounters:
    (counters,) = [one for one in scenario.counters(at) if one.tenant == tenant]
    return counters


@pytest.mark.parametrize(
    ("at", "answered", "tokens"),
    [
        pytest.param(-5, 0, 0, id="before the start nothing is counted"),
        pytest.param(0, 0, 0, id="at the start nothing is counted"),
        pytest.param(1, 1, 10, id="in a step counters rise evenly"),
        pytest.param(1.9, 1, 19, id="counters are whole numbers"),
        pytest.param(STEP, 600, 6000, id="a step counts what the trace says"),
        pytest.param(PERIOD, 14400, 144000, id="the end of the trace"),
        pytest.param(10 * PERIOD + 1, 144001, 1440010, id="the trace starts again when it ends"),
    ],
)
def test_without_incidents_the_counters_are_those_of_the_trace(at, answered, tokens):
    counters = of(Scenario(a_trace(), **CALM), "big", at)
    assert (counters.answered, counters.failed, counters.input_tokens) == (answered, 0, tokens)


@pytest.mark.parametrize(
    ("at", "answered", "failed", "output_tokens"),
    [
        pytest.param(100, 100, 0, 200, id="before"),
        pytest.param(200, 125, 75, 250, id="during: a share fails and uses no tokens"),
        pytest.param(300, 225, 75, 450, id="after"),
        pytest.param(PERIOD + 200, 14325 + 125, 150, 28650 + 250, id="again in the next period"),
    ],
)
def test_in_an_outage_requests_to_its_backend_fail(at, answered, failed, output_tokens):
    outage = Outage(backend="provider-a", start=100, end=200, failing=0.75)
    scenario = Scenario(a_trace(), outage=outage, spike=CALM["spike"])
    counters = of(scenario, "big", at)
    assert (counters.answered, counters.failed, counters.output_tokens) == (answered, failed, output_tokens)
    assert of(scenario, "small", at).failed == 0


def test_in_a_spike_one_tenant_sends_a_multiple_of_requests_and_tokens():
    scenario = Scenario(a_trace(), outage=CALM["outage"], spike=Spike(tenant="big", start=100, end=200, factor=9))
    counters = of(scenario, "big", 250)
    assert (counters.answered, counters.input_tokens) == (150 + 900, 10 * (150 + 900))
    assert of(scenario, "small", 250).answered == 25


def test_a_trace_must_fill_whole_periods_because_incidents_repeat():
    with pytest.raises(ValueError, match="whole number of periods"):
        Scenario(a_trace(steps=5))


@given(st.lists(st.floats(min_value=0, max_value=5 * 86_400, allow_nan=False), min_size=2))
def test_counters_never_fall(moments):
    for before, after in itertools.pairwise(sorted(moments)):
        for one, two in zip(BUNDLED.counters(before), BUNDLED.counters(after), strict=True):
            assert one.answered <= two.answered
            assert one.failed <= two.failed
            assert one.input_tokens <= two.input_tokens
            assert one.output_tokens <= two.output_tokens


def test_the_bundled_trace_is_a_day_of_eight_tenants_and_the_incidents_meet_some_of_them():
    trace = load_trace()
    counters = BUNDLED.counters(86_400)
    assert len(trace) == 8 * 144
    assert len(counters) == 8
    assert {one.backend for one in counters if one.failed} == {OUTAGE.backend}
    assert SPIKE.tenant in {one.tenant for one in counters}
