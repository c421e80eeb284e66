"""`AlertdFile`: the keys of alertd.yml. Each package brings the settings of what it does; here they are put together."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from alertd.api.web_settings import AccessSettings
from alertd.config.global_settings import GlobalSettings
from alertd.config.packs import PackSettings
from alertd.dispatch.inhibition import InhibitRuleSettings
from alertd.dispatch.route import RouteSettings
from alertd.dispatch.time_intervals import TimeIntervalSettings
from alertd.engine.alertmanagers import AlertmanagerSettings
from alertd.notify.condense import DIGEST_ABOVE
from alertd.query.remote_write import RemoteWriteSettings
from alertd.query.source import SourceSettings, server_url
from alertd.receivers.registry import ReceiverSettings
from alertd.rules.settings import EvaluationSettings
from alertd.settings import Settings
from alertd.store.settings import StorageSettings


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, dict) else value


class WebSettings(AccessSettings):
    """`web:`: how alertd is reached, and by whom."""

    external_url: str = Field(default="", description="address under which people reach alertd; used in links")

    @field_validator("external_url")
    @classmethod
    def _address(cls, value: str) -> str:
        return server_url(value) if value else value


class AlertdFile(Settings):
    """alertd.yml: an Alertmanager configuration, and above it what alertd evaluates."""

    prometheus: Annotated[
        tuple[SourceSettings, ...],
        BeforeValidator(_listed, json_schema_input_type=tuple[SourceSettings, ...] | SourceSettings),
    ] = Field(
        default=(), description="one Prometheus, or a list of named ones; the first answers groups that name none"
    )
    rule_files: tuple[str, ...] = Field(default=(), description="rule files; * and ** match names")
    packs: tuple[PackSettings, ...] = Field(default=(), description="rules that alertd brings for well-known gateways")
    prices: str = Field(
        default="", description="file with our own prices of tokens; what it does not say is taken from genai-prices"
    )
    evaluation: EvaluationSettings = Field(
        default=EvaluationSettings.model_validate({}), description="how rules are evaluated"
    )
    storage: StorageSettings = Field(default=StorageSettings(), description="where state is kept")
    remote_write: tuple[RemoteWriteSettings, ...] = Field(
        default=(), description="where ALERTS and recorded series are written"
    )
    alertmanagers: tuple[AlertmanagerSettings, ...] = Field(
        default=(), description="Alertmanagers that get the alerts of our rules, too"
    )
    web: WebSettings = Field(default=WebSettings(), description="how alertd is reached")
    global_: GlobalSettings = Field(
        default=GlobalSettings(),
        alias="global",
        description="defaults of all receivers",
    )
    route: RouteSettings | None = Field(default=None, description="which receiver is told of which alerts, and when")
    receivers: tuple[ReceiverSettings, ...] = Field(default=(), description="who can be told, and how")
    fallback_receiver: str | None = Field(
        default=None,
        min_length=1,
        description="receiver that is told once when another one does not take a notification",
    )
    digest_above: int = Field(
        default=DIGEST_ABOVE,
        ge=1,
        description="how many notifications may wait for one integration before a digest tells them in one message",
    )
    inhibit_rules: tuple[InhibitRuleSettings, ...] = Field(
        default=(), description="alerts that keep others from being told while they fire"
    )
    time_intervals: tuple[TimeIntervalSettings, ...] = Field(
        default=(), description="named times in which routes are muted, or alone are active"
    )
    mute_time_intervals: tuple[TimeIntervalSettings, ...] = Field(
        default=(), description="older spelling of time_intervals"
    )
    templates: tuple[str, ...] = Field(
        default=(), description="files with templates for notifications; * matches names"
    )
    tracing: dict[str, Any] = Field(default_factory=dict, description="accepted; alertd writes no traces")
    event_recorder: dict[str, Any] = Field(
        default_factory=dict, description="accepted; alertd keeps its own history of every notification"
    )
