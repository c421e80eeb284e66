"""LLM Runner Router as its monitoring guide shows it, and the node exporter on its machine.

Durations are summaries: the guide's `/metrics` has quantiles and no buckets.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from tests.support.gateways.metrics import Load, Target
from tests.support.gateways.simulator import STEADY, Rhythm, Simulator

FAULTS: Mapping[str, str] = {
    "error storm": "a fifth of the requests is answered with 500",
    "surge": "three times the requests",
    "slow": "requests take 4 s on average",
    "model overload": "inferences take 6 s on average, the CPU is at 97%",
    "memory full": "94% of the memory is used",
    "disk full": "96% of the disk is used",
    "down": "the router does not answer Prometheus",
}
_GIB = 2.0**30


def simulator(*, born: datetime, speed: float = 1.0, rhythm: Rhythm = STEADY) -> Simulator:
    del speed  # nothing here depends on how fast a day goes by
    return Simulator("llm-router", [_router(), _node()], faults=FAULTS, born=born, rhythm=rhythm)


def _router() -> Target:
    target = Target("llm-router", "llm-router-0:3006", down=frozenset({"down"}))
    for status, usual, failing in (("200", 9.98, 8.0), ("500", 0.02, 2.0)):
        target.counter(
            "http_requests_total", usual, {"error storm": failing, "surge": 3 * usual}, method="POST", status=status
        )
    target.summary("http_request_duration_seconds", Load(10, 0.1), {"slow": 4.0})
    for model in ("smollm3-3b", "phi-4"):
        target.counter("model_inference_total", 5, model=model)
        target.summary("model_inference_duration_seconds", Load(5, 0.7), {"model overload": 6.0}, model=model)
        target.counter("model_tokens_generated_total", 250, model=model)
    target.gauge("system_cpu_usage_percent", 45.2, {"model overload": 97.0})
    target.gauge("system_memory_usage_bytes", 8 * _GIB, {"memory full": 15 * _GIB})
    return target


def _node() -> Target:
    target = Target("node", "llm-router-0:9100")
    target.gauge("node_memory_MemTotal_bytes", 16 * _GIB)
    target.gauge("node_memory_MemAvailable_bytes", 8 * _GIB, {"memory full": 1 * _GIB})
    disk = {"device": "/dev/sda1", "fstype": "ext4", "mountpoint": "/"}
    target.gauge("node_filesystem_size_bytes", 100 * _GIB, **disk)
    target.gauge("node_filesystem_avail_bytes", 60 * _GIB, {"disk full": 4 * _GIB}, **disk)
    return target
