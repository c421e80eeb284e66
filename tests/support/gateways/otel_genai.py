"""A gateway that exports OpenTelemetry's GenAI metrics through a collector: two providers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from tests.support.gateways.metrics import SECONDS, TOKENS, Load, Target
from tests.support.gateways.simulator import STEADY, Rhythm, Simulator

FAULTS: Mapping[str, str] = {
    "error storm": "a fifth of the requests to openai fails",
    "slow": "requests to openai take 20 s, first tokens come after 6 s",
    "token runaway": "openai uses 200,000 tokens a second",
    "no traffic": "nobody asks anthropic",
}


def simulator(*, born: datetime, speed: float = 1.0, rhythm: Rhythm = STEADY) -> Simulator:
    del speed  # nothing here depends on how fast a day goes by
    target = Target("otel-collector", "otel-collector-0:8889")
    for provider, model in (("openai", "gpt-5"), ("anthropic", "claude-sonnet-4-5")):
        _add_provider(target, provider, {
            "gen_ai_operation_name": "chat", "gen_ai_provider_name": provider, "gen_ai_request_model": model,
            "gen_ai_response_model": model,
        })  # fmt: skip
    return Simulator("otel-genai", [target], faults=FAULTS, born=born, rhythm=rhythm)


def _add_provider(target: Target, provider: str, labels: Mapping[str, str]) -> None:
    faulty = provider == "openai"

    def rates(during: Mapping[str, float]) -> Mapping[str, float]:
        return during if faulty else {"no traffic": 0.0}

    for kind, mean in (("input", 800.0), ("output", 200.0)):
        target.histogram("gen_ai_client_token_usage", TOKENS, Load(5, mean), {}, rates({"token runaway": 200.0}),
                         **labels, gen_ai_token_type=kind)  # fmt: skip
    for error, usual, failing in (("", 4.98, 4.0), ("server_error", 0.02, 1.0)):
        outcome = {"error_type": error} if error else {}
        target.histogram(
            "gen_ai_server_request_duration_seconds", SECONDS, Load(usual, 2.0), {"slow": 20.0} if faulty else {},
            rates({"error storm": failing}), **labels, **outcome,
        )  # fmt: skip
    for name, usual, slow in (("time_to_first_token", 0.5, 6.0), ("time_per_output_token", 0.02, 0.1)):
        target.histogram(f"gen_ai_server_{name}_seconds", SECONDS, Load(5, usual), {"slow": slow} if faulty else {},
                         rates({}), **labels)  # fmt: skip
