"""Simulated AI gateways: the metrics of their products and documents, and the faults that their alerts are about.

A system is a `Simulator`: it writes days of history (`samples`), is scraped by a real Prometheus (`served`), and has faults
that are switched on and off (`switch`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from tests.support.gateways import (
    agentgateway,
    ai_gateway,
    langwatch_gateway,
    litellm,
    llm_orchestrator,
    llm_router,
    otel_genai,
    vllm,
)  # fmt: skip
from tests.support.gateways.serving import scrape_config, served
from tests.support.gateways.simulator import DAILY, STEADY, Rhythm, Simulator

__all__ = ["DAILY", "STEADY", "SYSTEMS", "Rhythm", "Simulator", "scrape_config", "served"]


class MakeSimulator(Protocol):
    """born    when every counter is 0

    speed   how many of the system's seconds go by in a second, for what goes up and down
    rhythm  how traffic rises and falls
    """

    def __call__(self, *, born: datetime, speed: float = 1.0, rhythm: Rhythm = STEADY) -> Simulator: ...


SYSTEMS: Mapping[str, MakeSimulator] = {
    "agentgateway": agentgateway.simulator,
    "llm-orchestrator": llm_orchestrator.simulator,
    "ai-gateway": ai_gateway.simulator,
    "langwatch-gateway": langwatch_gateway.simulator,
    "llm-router": llm_router.simulator,
    "litellm": litellm.simulator,
    "vllm": vllm.simulator,
    "otel-genai": otel_genai.simulator,
}
"""By the name of their rule pack."""
