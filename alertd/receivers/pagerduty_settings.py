"""`pagerduty_configs`: the settings, with Alertmanager's names and defaults."""

from __future__ import annotations

from typing import Any, Protocol, Self

from pydantic import Field, model_validator

from alertd.http import HttpSettings
from alertd.receivers.chart_links import REACHABLE
from alertd.receivers.http_settings import DEFAULT_TIMEOUT, HttpUrl, Timeout, at_most_one
from alertd.receivers.pace import MaxPerMinute
from alertd.receivers.severity import Severity
from alertd.secret import Secret
from alertd.settings import SecretFile, SecretText, Settings

DEFAULT_DETAILS = {
    "firing": '{{ template "pagerduty.default.instances" .Alerts.Firing }}',
    "resolved": '{{ template "pagerduty.default.instances" .Alerts.Resolved }}',
    "num_firing": "{{ .Alerts.Firing | len }}",
    "num_resolved": "{{ .Alerts.Resolved | len }}",
}
"""What every event tells in its details, under what the user sets."""


class PagerdutyImage(Settings):
    """One of `images`."""

    src: str = Field(default="", description="The picture; a template. Without it the image is left out.")
    alt: str = Field(default="", description="Text instead of it; a template.")
    href: str = Field(default="", description="Where it leads; a template.")


class PagerdutyLink(Settings):
    """One of `links`."""

    href: str = Field(default="", description="Where it leads; a template. Without it the link is left out.")
    text: str = Field(default="", description="What it says; a template.")


class PagerdutySettings(Settings):
    """One entry of `pagerduty_configs`: Events API v2 with a routing key, v1 with a service key."""

    routing_key: SecretText | None = Field(
        default=None, description="Key of an Events API v2 integration; may be a template."
    )
    routing_key_file: SecretFile | None = Field(
        default=None, description="File that holds the routing key, read at each attempt."
    )
    service_key: SecretText | None = Field(
        default=None, description='Key of a "Prometheus" integration (Events API v1); goes before a routing key.'
    )
    service_key_file: SecretFile | None = Field(
        default=None, description="File that holds the service key, read at each attempt."
    )
    url: HttpUrl | None = Field(
        default=None,
        description="Events API v2; default `global.pagerduty_url`. Its host takes events with a service key, too.",
    )
    http_config: HttpSettings | None = Field(default=None, description="TLS, proxy, headers.")
    send_resolved: bool = Field(default=True, description="Resolve the incident when alerts resolve.")
    timeout: Timeout = Field(default=DEFAULT_TIMEOUT, description="How long one attempt may take; 0: the default.")
    max_per_minute: MaxPerMinute = 0
    client: str = Field(
        default='{{ template "pagerduty.default.client" . }}', description="Who tells of it; a template."
    )
    client_url: str = Field(
        default='{{ template "pagerduty.default.clientURL" . }}', description="Link to it; a template."
    )
    description: str = Field(
        default='{{ template "pagerduty.default.description" . }}', description="The incident's title; a template."
    )
    details: dict[str, Any] = Field(
        default_factory=dict,
        description="More about it; templates, also nested. Four are always there: firing, resolved, num_firing, num_resolved.",
    )
    images: tuple[PagerdutyImage, ...] = Field(default=(), description="Pictures (v2).")
    charts: bool = Field(
        default=False,
        description="Beside `images`, the chart of the first firing alert of our own rules (v2). " + REACHABLE,
    )
    links: tuple[PagerdutyLink, ...] = Field(default=(), description="Links (v2).")
    source: str = Field(default="", description="What is affected (v2); a template; default `client`.")
    severity: str = Field(
        default="error", description="critical, error, warning or info, or another word for it: page, warn; a template."
    )
    default_severity: Severity = Field(default=Severity.ERROR, description="Severity where the word is not known.")
    class_: str = Field(default="", alias="class", description="What kind of event it is (v2); a template.")
    component: str = Field(default="", description="Which part is affected (v2); a template.")
    group: str = Field(default="", description="To which group that belongs (v2); a template.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.key:
            raise ValueError("missing service or routing key in PagerDuty config; give routing_key or routing_key_file")
        at_most_one(self, "routing_key", "routing_key_file")
        at_most_one(self, "service_key", "service_key_file")
        return self

    @property
    def is_v1(self) -> bool:
        return bool(self.service_key or self.service_key_file)

    @property
    def key(self) -> Secret | None:
        """The key of the API that is used: a service key goes before a routing key."""
        return self.service_key or self.service_key_file or self.routing_key or self.routing_key_file


class PagerdutyDefaults(Protocol):
    """The keys of `global` that PagerDuty inherits."""

    @property
    def http_config(self) -> HttpSettings | None: ...
    @property
    def pagerduty_url(self) -> str: ...


def with_defaults(settings: PagerdutySettings, defaults: PagerdutyDefaults) -> PagerdutySettings:
    """The settings with what they inherit."""
    return settings.model_copy(
        update={
            "http_config": settings.http_config or defaults.http_config,
            "url": settings.url or defaults.pagerduty_url,
        }
    )
