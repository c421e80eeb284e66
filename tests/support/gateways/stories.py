"""What goes wrong with each simulated system, wave by wave, and which alerts are to be told of it, to whom and in which words.

A wave begins when everything of the wave before was told. What must not fire together is in different waves: a critical alert
keeps its service's and component's warnings from being told, and a gateway that is down keeps everything.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

DOCUMENTS = {
    "agentgateway": "000", "llm-orchestrator": "001", "ai-gateway": "002", "langwatch-gateway": "003", "llm-router": "004",
}  # fmt: skip
"""Which document each system is from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One alert.

    doors     where it is told as firing
    says      words of every message about it, and of its summary
    unended   doors that are not told of its end, as the preset says
    """

    alert: str
    severity: str
    doors: tuple[str, ...]
    says: str
    unended: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """Faults that begin, and end, together."""

    on: Collection[str]
    off: Collection[str] = ()
    cases: Sequence[Case]


def _cases(severity: str, doors: Sequence[str], says: Mapping[str, str], *, unended: Sequence[str] = ()) -> list[Case]:
    """Alerts that are told alike, with what each says."""
    return [
        Case(alert=alert, severity=severity, doors=(*doors, *unended), says=words, unended=tuple(unended))
        for alert, words in says.items()
    ]


_ONCALL = ("pagerduty", "slack #alerts-critical", "mail oncall@example.com")
_WARNED = ("slack #alerts-warning",)
_LLM_TEAM = {"doors": (*_WARNED, "slack #llm-alerts"), "unended": ("mail llm-team@example.com",)}
_LLM_ONCALL = {"doors": (*_ONCALL, "slack #llm-alerts"), "unended": ("mail llm-team@example.com",)}
_MCP_TEAM = {"doors": (*_WARNED, "slack #mcp-alerts"), "unended": ("mail mcp-team@example.com",)}

_AGENTGATEWAY = (
    Wave(
        on=["no traffic", "scrape failure"],
        cases=[
            *_cases("warning", **_LLM_TEAM, says={
                "NoLLMRequests": "No LLM request for", "LowLLMRequestRate": "LLM requests have dropped to 0%",
            }),
            *_cases("warning", **_MCP_TEAM, says={"NoMCPRequests": "No tool call for"}),
            *_cases("warning", _WARNED, {"MetricsScrapeFailure": "no metrics of the gateway agentgateway-0:15020"}),
        ],
    ),
    Wave(
        on=["token runaway", "slow", "tool loop", "reconnects", "xds storm", "expensive", "unpriced"],
        off=["no traffic", "scrape failure"],
        cases=[
            *_cases("warning", **_LLM_TEAM, says={
                "HighLLMTokenUsage": "LLM requests use 1", "HighLLMRequestRate": "LLM requests a second",
                "HighLLMRequestDuration": "An LLM request takes", "SlowFirstToken": "one answer in twenty begins later than",
            }),
            *_cases("warning", **_MCP_TEAM, says={
                "HighMCPRequestRate": "tool calls a second", "MCPRequestSpike": "times those of the half hour before",
            }),
            *_cases("warning", _WARNED, {
                "HighDownstreamConnectionRate": "new connections a second",
                "HighXDSMessageRate": "xDS messages a second", "HighXDSBandwidth": "B of xDS a second",
                "XDSMessageAnomaly": "times those of the hour before",
                "HighLLMSpend": "USD in the last hour", "UnpricedLLMRequests": "of the LLM requests have no price",
            }),
        ],
    ),
    Wave(
        on=["token flood", "very slow", "attack", "error storm"],
        off=["expensive", "unpriced"],
        cases=[
            *_cases("critical", **_LLM_ONCALL, says={
                "ExcessiveLLMTokenUsage": "tokens a second: money is burning", "VeryHighLLMRequestDuration": "takes",
                "HighLLMErrorRate": "default/llm fails",
            }),
            *_cases("critical", _ONCALL, {"DownstreamConnectionSpike": "times those of the half hour before"}),
        ],
    ),
    Wave(
        on=["instances down"],
        off=["token runaway", "slow", "tool loop", "reconnects", "xds storm", "token flood", "very slow", "attack", "error storm"],
        cases=_cases("critical", _ONCALL, {
            "AgentGatewayDown": "does not answer Prometheus", "MultipleAgentGatewaysDown": "gateways do not answer",
        }),
    ),
)  # fmt: skip

_SLACK = ("slack #ai-gateway-alerts",)
_CRITICAL = ("pagerduty", *_SLACK)
_ORCHESTRATOR = (
    Wave(
        on=[
            "error storm", "circuit open", "circuit flapping", "latency", "token runaway", "cache drop", "provider dropped",
        ],
        cases=_cases("warning", _SLACK, {
            "ProviderHighErrorRate": "openai fails", "ProviderCircuitBreakerOpen": "openai is open",
            "ProviderCircuitBreakerFlapping": "google changed", "ProviderHighLatency": "openai: one request in twenty",
            "ProviderTokenUsageSpike": "openai uses", "ProviderHighTimeoutRate": "requests to openai time out",
            "ProviderHighRetryRate": "requests to openai are retries",
            "ProviderNotReceivingRequests": "anthropic gets no requests", "ProviderLowCacheHitRate": "Only 10",
        }),
    ),
    Wave(
        on=["all providers down"],
        off=["error storm", "circuit flapping", "latency", "token runaway", "cache drop"],
        cases=_cases("critical", _CRITICAL, {"AllProvidersDown": "No request to any provider succeeds"}),
    ),
    Wave(
        on=["down"],
        off=["all providers down", "circuit open", "provider dropped"],
        cases=_cases("critical", _CRITICAL, {"OrchestratorDown": "orchestrator-0:3000 does not answer"}),
    ),
)  # fmt: skip

_AI_GATEWAY = (
    Wave(
        on=["error storm", "latency", "circuit open", "rate limiting", "budget burn", "cache drop"],
        cases=[
            *_cases("warning", _SLACK, {
                "HighErrorRate": "of the requests fail", "HighLatency": "One request in a hundred",
                "CircuitBreakerNotClosed": "openai is not closed", "HighRateLimiting": "The gateway throttles",
                "HighSpend": "acme spent",
            }),
            *_cases("info", _SLACK, {"CacheHitRatioDropped": "Only 5%"}),
        ],
    ),
)  # fmt: skip

_LANGWATCH = (
    Wave(
        on=[
            "error storm", "circuit open", "fallback", "usage missing", "outbox backlog", "outbox drops",
            "budget check failing", "spool dropping", "control plane failing", "cache drop", "guardrail storm",
            "readiness flapping",
        ],
        cases=[
            *_cases("page", ("pagerduty",), {
                "GatewayHighErrorRate": "of the requests with 5xx", "CircuitOpenTooLong": "credential openai-main has been open",
                "StreamingUsageMissing": "openai/gpt-5 streams answers without token counts",
                "SpendRecordsDropped": "spend records were dropped", "BudgetDebitOutboxBacklog": "1.8k debits wait",
                "BudgetOutbox4xxDrops": "sent by langwatch-gateway-0",
            }),
            *_cases("warn", _SLACK, {
                "GatewayReadinessFlapping": "langwatch-gateway-0 changed its readiness", "ExcessiveFallback": "are fallbacks",
                "ControlPlaneFailing": "of the control plane fail", "AuthCacheHitRateDropped": "answers only 80%",
                "GuardrailBlockSpike": "request messages a second", "BudgetOutboxFillPctHigh": "langwatch-gateway-0 is 60% full",
                "BudgetOutboxFlushFailures": "fail on langwatch-gateway-0",
                "BudgetCheckLiveFailRate": "live budget checks fail open",
            }),
        ],
    ),
)  # fmt: skip

_ALL_OF_IT = ("webhook", "slack", "mail team@example.com")
_ROUTER = (
    Wave(
        on=["slow", "model overload", "memory full", "disk full"],
        cases=_cases("warning", _ALL_OF_IT, {
            "ModelInferenceLatency": "one inference in twenty", "HighResponseTime": "One request in twenty",
            "CpuUsageHigh": "llm-router-0:3006 is 97% busy", "MemoryUsageHigh": "llm-router-0:9100 is 94% used",
            "DiskUsageHigh": "llm-router-0:9100 is 96% full",
        }),
    ),
    Wave(
        on=["error storm"],
        off=["slow", "model overload", "memory full", "disk full"],
        cases=_cases("critical", _ALL_OF_IT, {"HighErrorRate": "of the requests fail"}),
    ),
    Wave(
        on=["down"],
        off=["error storm"],
        cases=_cases("critical", _ALL_OF_IT, {"RouterDown": "llm-router-0:3006 does not answer"}),
    ),
)  # fmt: skip

STORIES: Mapping[str, Sequence[Wave]] = {
    "agentgateway": _AGENTGATEWAY,
    "llm-orchestrator": _ORCHESTRATOR,
    "ai-gateway": _AI_GATEWAY,
    "langwatch-gateway": _LANGWATCH,
    "llm-router": _ROUTER,
}
"""By system."""

OVER_DAYS = {
    "agentgateway": (
        "TokenUsageAnomaly",
        "DailyTokenBudgetWarning",
        "DailyTokenBudgetExceeded",
        "HourlyTokenCostSpike",
    ),
    "llm-orchestrator": ("ProviderCostProjectionHigh",),
    "ai-gateway": ("TenantBudgetUsed",),
    "langwatch-gateway": (),
    "llm-router": ("RequestRateAnomaly",),
}
"""Alerts that no hastened clock shows: a calendar day or month, or what is usual at this time of the day."""
