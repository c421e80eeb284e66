"""`budget:` of a rule.

budget: {spend: aigateway_cost_usd_total, by: [tenant], limit: 1000, period: month, thresholds: [50%, 80%, 100%]}
budget: {tokens: gen_ai_client_token_usage_sum, limit: 50000000, period: day}                    # counted in tokens
budget: {tokens: gen_ai_client_token_usage_sum, unit: USD, by: [team], limit: {a: 100, default: 20}}   # priced
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from alertd.rules.spend_settings import SpendSettings, check_counter
from alertd.settings import Duration, Settings

_PERCENT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*%")


class StepSettings(Settings):
    """One step of the ladder."""

    at: str = Field(description="share of the limit, such as 80%")
    labels: dict[str, str] = Field(
        default_factory=dict, description="labels of this step's alerts, over the rule's own"
    )

    @field_validator("at")
    @classmethod
    def _percent(cls, value: str) -> str:
        match = _PERCENT.fullmatch(value.strip())
        if match is None or float(match[1]) <= 0:
            raise ValueError("must be a percentage, such as 80%")
        return f"{float(match[1]):g}%"

    @property
    def share(self) -> float:
        """0.8 of 80%."""
        return float(self.at.removesuffix("%")) / 100


class BurnSettings(Settings):
    """A burn rate alert: the budget is used `factor` times as fast as it lasts, over both windows."""

    long: Duration = Field(description="window over which the rate must be too high")
    short: Duration = Field(description="shorter window over which it must be, too, so that the alert ends soon")
    factor: float = Field(gt=0, description="how many times as fast as the budget lasts it is used")
    severity: str = Field(default="", description="label severity of its alerts, over the rule's own")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not timedelta(0) < self.short < self.long:
            raise ValueError("short must be shorter than long")
        return self


def _step(value: Any) -> Any:
    return {"at": value} if isinstance(value, str) else value


Step = Annotated[StepSettings, BeforeValidator(_step, json_schema_input_type=str | StepSettings)]
"""`80%`, or `{at: 80%, labels: {...}}`."""


class BudgetSettings(SpendSettings):
    """What is counted, for whom, against which limit, in which period, and who is told when."""

    thresholds: tuple[Step, ...] = Field(
        default=(StepSettings(at="50%"), StepSettings(at="80%"), StepSettings(at="100%")),
        description="shares of the limit; each is told once per scope and period, with the label budget_threshold",
    )
    burn_rate: bool | tuple[BurnSettings, ...] = Field(
        default=False, description="alerts on spending too fast: true, or a list of {long, short, factor, severity}"
    )
    drilldown: str = Field(
        default="", description="label whose values are named as who spent it; default: the model of tokens"
    )
    requests: str = Field(default="", description="counter of requests, for the share that reported no usage")
    usage_missing: str = Field(default="", description="counter of requests that reported no usage")

    @field_validator("requests", "usage_missing")
    @classmethod
    def _counters(cls, value: str) -> str:
        return check_counter(value)

    @field_validator("thresholds")
    @classmethod
    def _different(cls, value: tuple[StepSettings, ...]) -> tuple[StepSettings, ...]:
        if len({step.at for step in value}) < len(value):
            raise ValueError("a threshold is given twice")
        return tuple(sorted(value, key=lambda step: step.share))

    @model_validator(mode="after")
    def _belongs(self) -> Self:
        if bool(self.requests) != bool(self.usage_missing):
            raise ValueError("requests and usage_missing belong together")
        return self
