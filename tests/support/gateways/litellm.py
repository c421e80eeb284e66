"""LiteLLM's proxy: two teams with a key each, two deployments. Names and labels: litellm 1.109."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tests.support.gateways.metrics import Load, Target
from tests.support.gateways.simulator import STEADY, Rhythm, Simulator

FAULTS: Mapping[str, str] = {
    "error storm": "a fifth of the requests fails",
    "outage": "every request to the deployment of openai fails, and so do its fallbacks",
    "slow": "requests take 20 s, the proxy's own share is 1 s",
    "budget burn": "search spends 6 USD a second",
    "budget low": "search has a tenth of its budget left",
    "unpriced": "a tenth of the requests costs 0 USD",
    "spend backlog": "5,000 updates of spend wait to be written",
    "down": "the proxy does not answer Prometheus",
}
SECONDS = (0.005, 0.05, 0.5, 1.0, 5.0, 30.0, 60.0, 120.0, 600.0)
_HEALTHY, _OUTAGE = 0, 2


@dataclass(frozen=True, slots=True)
class _Team:
    """A team, its one user and key, and the model it uses."""

    name: str
    provider: str
    model: str

    @property
    def owner(self) -> dict[str, str]:
        return {
            "end_user": "", "hashed_api_key": f"hash-{self.name}", "api_key_alias": f"{self.name}-key", "model": self.model,
            "team": f"team-{self.name}", "team_alias": self.name, "user": f"{self.name}-1",
        }  # fmt: skip

    @property
    def used(self) -> dict[str, str]:
        return {
            **self.owner, "user_email": "", "requested_model": self.model, "model_id": f"id-{self.model}",
            "api_provider": self.provider,
        }  # fmt: skip


_TEAMS = (_Team("search", "openai", "gpt-5"), _Team("support", "anthropic", "claude-sonnet-4-5"))


def simulator(*, born: datetime, speed: float = 1.0, rhythm: Rhythm = STEADY) -> Simulator:
    del speed  # nothing here depends on how fast a day goes by
    target = Target("litellm", "litellm-0:4000", down=frozenset({"down"}))
    for team in _TEAMS:
        _add_requests(target, team)
        _add_usage(target, team)
        _add_budgets(target, team)
        _add_deployment(target, team)
    backlog = {"spend backlog": 5000.0}
    for name in ("in_memory_spend", "redis_spend", "in_memory_daily_spend", "redis_daily_spend"):
        target.gauge(f"litellm_{name}_update_queue_size", 12, backlog if name == "in_memory_spend" else {})
    target.gauge("litellm_in_flight_requests", 9)
    return Simulator("litellm", [target], faults=FAULTS, born=born, rhythm=rhythm)


def _add_requests(target: Target, team: _Team) -> None:
    for status, usual, failing in (("200", 4.98, 4.0), ("500", 0.02, 1.0)):
        target.counter("litellm_proxy_total_requests_metric_total", usual, {"error storm": failing}, **team.owner,
                       status_code=status, route="/chat/completions")  # fmt: skip
    target.counter("litellm_proxy_failed_requests_metric_total", 0.02, {"error storm": 1.0}, **team.owner,
                   exception_status="500", exception_class="InternalServerError", route="/chat/completions")  # fmt: skip
    target.counter("litellm_requests_metric_total", 5, **team.used)
    served = {"model_group": team.model, "model": team.model}
    for name, mean, slow in (("request_total", 1.5, 20.0), ("llm_api", 1.4, 19.0), ("overhead", 0.02, 1.0)):
        target.histogram(f"litellm_{name}_latency_metric", SECONDS, Load(5, mean), {"slow": slow}, **served)
    target.counter("litellm_zero_cost_requests_total", 0, {"unpriced": 0.5}, requested_model=team.model, model=team.model,
                   model_id=f"id-{team.model}", api_provider=team.provider, reason="missing_pricing_key")  # fmt: skip


def _add_usage(target: Target, team: _Team) -> None:
    burn = {"budget burn": 6.0} if team.name == "search" else {}
    target.counter("litellm_spend_metric_total", 0.001, burn, **team.used)
    for kind, per_second in (("input", 400.0), ("output", 100.0), ("total", 500.0)):
        target.counter(f"litellm_{kind}_tokens_metric_total", per_second, **team.used)


def _add_budgets(target: Target, team: _Team) -> None:
    of_team = {"team": team.owner["team"], "team_alias": team.name}
    of_key = {name: team.owner[name] for name in ("hashed_api_key", "api_key_alias")}
    low = {"budget low": 50.0} if team.name == "search" else {}
    target.gauge("litellm_remaining_team_budget_metric", 400, low, **of_team)
    target.gauge("litellm_team_max_budget_metric", 500, **of_team)
    target.gauge("litellm_remaining_api_key_budget_metric", 400, low, **of_key)
    target.gauge("litellm_api_key_max_budget_metric", 500, **of_key)


def _add_deployment(target: Target, team: _Team) -> None:
    deployed = {
        "litellm_model_name": team.model, "model_id": f"id-{team.model}", "api_base": f"https://api.{team.provider}.example",
        "api_provider": team.provider,
    }  # fmt: skip
    out = {"outage": 1.0} if team.provider == "openai" else {}
    target.gauge("litellm_deployment_state", _HEALTHY, dict.fromkeys(out, _OUTAGE), **deployed)
    target.counter("litellm_deployment_failed_fallbacks_total", 0, out, **deployed)
    target.counter("litellm_deployment_successful_fallbacks_total", 0.01, **deployed)
