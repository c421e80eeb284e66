"""A vLLM server (V1 engine) with one model."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from tests.support.gateways.metrics import Load, Target
from tests.support.gateways.simulator import STEADY, Rhythm, Simulator

FAULTS: Mapping[str, str] = {
    "overload": "60 requests wait, the KV cache is full, requests are preempted, tokens are slow, clients give up",
    "stalled": "requests run and no token comes",
    "down": "the server does not answer Prometheus",
}
SECONDS = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 40.0, 160.0)
_SERVED = {"model_name": "llama-4", "engine": "0"}


def simulator(*, born: datetime, speed: float = 1.0, rhythm: Rhythm = STEADY) -> Simulator:
    del speed  # nothing here depends on how fast a day goes by
    target = Target("vllm", "vllm-0:8000", down=frozenset({"down"}))
    stalled = {"stalled": 0.0}
    for kind, per_second in (("prompt", 4000.0), ("generation", 1000.0)):
        target.counter(f"vllm:{kind}_tokens_total", per_second, stalled, **_SERVED)
    for reason, usual, overloaded in (("stop", 4.9, 3.0), ("length", 0.05, 0.05), ("abort", 0.05, 2.0)):
        target.counter("vllm:request_success_total", usual, {"overload": overloaded, **stalled}, **_SERVED,
                       finished_reason=reason)  # fmt: skip
    target.counter("vllm:num_preemptions_total", 0, {"overload": 2.0}, **_SERVED)
    target.counter("vllm:prefix_cache_queries_total", 4000, stalled, **_SERVED)
    target.counter("vllm:prefix_cache_hits_total", 1500, stalled, **_SERVED)
    target.gauge("vllm:num_requests_running", 12, {"overload": 64.0}, **_SERVED)
    target.gauge("vllm:num_requests_waiting", 0, {"overload": 60.0}, **_SERVED)
    target.gauge("vllm:kv_cache_usage_perc", 0.4, {"overload": 0.99}, **_SERVED)
    for name, usual, overloaded in (
        ("time_to_first_token", 0.3, 6.0), ("inter_token_latency", 0.02, 0.3), ("e2e_request_latency", 4.0, 40.0),
        ("request_queue_time", 0.01, 5.0),
    ):  # fmt: skip
        target.histogram(f"vllm:{name}_seconds", SECONDS, Load(5, usual), {"overload": overloaded}, stalled, **_SERVED)
    return Simulator("vllm", [target], faults=FAULTS, born=born, rhythm=rhythm)
