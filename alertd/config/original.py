"""The configuration as `GET /api/v2/status` and `amtool config show` give it.

A strict alertmanager.yml that every amtool since 0.25 reads: what that version knows, in its order and with its defaults;
secrets hidden. Later keys and alertd's own are left out, where it matters with something older in their place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from alertd.duration import DurationError, format_duration, parse_duration
from alertd.labels.matcher_parse import parse_matchers
from alertd.secret import HIDDEN
from alertd.yamlio import Items, Node, Scalar, Table, plain
from alertd.yamlio.core import typed

HIDDEN_URL = f"http://hidden/{HIDDEN}"
"""In place of a webhook's URL: amtool 0.25 takes no bare `<secret>` for it."""

_NO_TEXTS = frozenset({
    "continue", "send_resolved", "max_alerts", "short", "short_fields", "link_names", "require_tls", "smtp_require_tls",
    "follow_redirects", "enable_http2", "insecure_skip_verify",
})  # fmt: skip
"""Keys of numbers and booleans: in quotes they are that, too, for a reference to a variable is often quoted."""

_CLASSIC = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*|\.\.\.")

Shown = Callable[[Node], Any]
"""What is shown of a value."""


def original(root: Table, *, base: Path) -> str:
    """The text for the values of a configuration file in the folder `base`, references filled in."""
    shown = _CONFIGURATION(root)
    if "route" not in shown:  # alerts go to other Alertmanagers only
        shown = {**shown, "route": {"receiver": "none"}, "receivers": [{"name": "none"}]}
    if "templates" in shown:
        shown["templates"] = [str(base / pattern) for pattern in shown["templates"]]
    return yaml.dump(shown, Dumper=yaml.CSafeDumper, sort_keys=False, default_flow_style=False, allow_unicode=True)


def _value(node: Node) -> Any:
    """As it stands in the file; a reference to a variable counts as what it was filled with."""
    match node:
        case Scalar():
            return plain(typed(node))
        case Items():
            return [_value(item) for item in node.items]
        case Table():
            return {key: _value(entry.value) for key, entry in node.entries.items()}
    raise TypeError(f"no YAML value: {node!r}")


def _no_text(node: Node) -> Any:
    return plain(typed(replace(node, style=""))) if isinstance(node, Scalar) else _value(node)


def _hidden(node: Node) -> Any:
    return HIDDEN


def _duration(node: Node) -> Any:
    text = str(_value(node))
    try:
        return format_duration(parse_duration(text))
    except DurationError:
        return text


def _without_user(node: Node) -> Any:
    """A URL without user and password."""
    parts = urlsplit(str(_value(node)))
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _texts(node: Node) -> Any:
    """A mapping of texts: structures in it, which only later versions have, as JSON."""
    value = _value(node)
    if not isinstance(value, dict):
        return value
    return {key: json.dumps(item) if isinstance(item, dict | list) else item for key, item in value.items()}


def _hidden_texts(node: Node) -> Any:
    return dict.fromkeys(node.entries, HIDDEN) if isinstance(node, Table) else HIDDEN


def _classic_names(node: Node) -> Any:
    """Label names without those that only later versions take."""
    return [name for name in _value(node) if _CLASSIC.fullmatch(str(name))] if isinstance(node, Items) else []


def _matchers(node: Node) -> Any:
    """One text each, with quotes: so every version reads them alike."""
    texts = [str(_value(item)) for item in node.items] if isinstance(node, Items) else []
    return [str(matcher) for text in texts for matcher in sorted(parse_matchers(text))]


def _each(shown: Shown) -> Shown:
    return lambda node: [shown(item) for item in node.items] if isinstance(node, Items) else []


def _mapping(keys: str, defaults: Mapping[str, Any] | None = None, /, **special: Shown) -> Shown:
    """A mapping of which these keys are shown, in this order, each as it is unless something special is said of it."""

    ways: dict[str, Shown] = {**dict.fromkeys(_NO_TEXTS, _no_text), **special}

    def shown(node: Node) -> Any:
        entries = node.entries if isinstance(node, Table) else {}
        found = {key: ways.get(key, _value)(entries[key].value) for key in keys.split() if key in entries}
        known = {**(defaults or {}), **found}
        return {key: known[key] for key in keys.split() if key in known}

    return shown


_TLS = _mapping("ca_file cert_file key_file server_name insecure_skip_verify min_version max_version")
_HTTP = _mapping(
    "basic_auth authorization oauth2 bearer_token bearer_token_file proxy_url tls_config follow_redirects enable_http2",
    basic_auth=_mapping("username password password_file", password=_hidden),
    authorization=_mapping("type credentials credentials_file", credentials=_hidden),
    oauth2=_mapping(
        "client_id client_secret client_secret_file scopes token_url endpoint_params proxy_url tls_config",
        client_secret=_hidden, token_url=_without_user, endpoint_params=_hidden_texts, proxy_url=_without_user,
        tls_config=_TLS,
    ),
    bearer_token=_hidden,
    proxy_url=_without_user,
    tls_config=_TLS,
)  # fmt: skip
_GLOBAL_DEFAULTS = {
    "resolve_timeout": "5m",
    "http_config": {"follow_redirects": True, "enable_http2": True},
    "smtp_hello": "localhost",
    "smtp_require_tls": True,
    "pagerduty_url": "https://events.pagerduty.com/v2/enqueue",
    "opsgenie_api_url": "https://api.opsgenie.com/",
    "wechat_api_url": "https://qyapi.weixin.qq.com/cgi-bin/",
    "victorops_api_url": "https://alert.victorops.com/integrations/generic/20131114/alert/",
    "telegram_api_url": "https://api.telegram.org",
    "webex_api_url": "https://webexapis.com/v1/messages",
}
_GLOBAL = _mapping(
    "resolve_timeout http_config smtp_from smtp_hello smtp_smarthost smtp_auth_username smtp_auth_password"
    " smtp_auth_password_file smtp_auth_secret smtp_auth_identity smtp_require_tls slack_api_url slack_api_url_file"
    " pagerduty_url opsgenie_api_url opsgenie_api_key opsgenie_api_key_file wechat_api_url wechat_api_secret"
    " wechat_api_corp_id victorops_api_url victorops_api_key victorops_api_key_file telegram_api_url webex_api_url",
    _GLOBAL_DEFAULTS,
    resolve_timeout=_duration, http_config=_HTTP,
    **dict.fromkeys((
        "smtp_auth_password", "smtp_auth_secret", "slack_api_url", "opsgenie_api_key", "wechat_api_secret",
        "victorops_api_key",
    ), _hidden),
)  # fmt: skip
_SIDES = "source_match source_match_re source_matchers target_match target_match_re target_matchers equal"


def _route(node: Node) -> Any:
    return _ROUTE(node)


_ROUTE = _mapping(
    "receiver group_by match match_re matchers mute_time_intervals active_time_intervals continue routes group_wait"
    " group_interval repeat_interval",
    {"continue": False},
    matchers=_matchers, group_by=_classic_names, routes=_each(_route), group_wait=_duration, group_interval=_duration, repeat_interval=_duration,
)  # fmt: skip


def _webhook(node: Node) -> Any:
    """Its URL is hidden; one that stands in a file is there, too, since earlier versions know no `url_file`."""
    return {**_WEBHOOK(node), "url": HIDDEN_URL}


def _slack(node: Node) -> Any:
    """A bot of a later version is shown as a webhook: earlier ones know no bots."""
    shown = _SLACK(node)
    is_bot = isinstance(node, Table) and any(key in node for key in ("app_token", "app_token_file"))
    return {**shown, "api_url": HIDDEN} if is_bot else shown


_WEBHOOK = _mapping("send_resolved http_config url max_alerts", {"send_resolved": True}, http_config=_HTTP)
_SLACK = _mapping(
    "send_resolved http_config api_url api_url_file channel username color title title_link pretext text fields"
    " short_fields footer fallback callback_id icon_emoji icon_url image_url thumb_url link_names mrkdwn_in actions",
    {"send_resolved": False},
    http_config=_HTTP, api_url=_hidden,
)  # fmt: skip
_PAGERDUTY = _mapping(
    "send_resolved http_config service_key service_key_file routing_key routing_key_file url client client_url"
    " description details images links source severity class component group",
    {"send_resolved": True},
    http_config=_HTTP, service_key=_hidden, routing_key=_hidden, details=_texts,
)  # fmt: skip
_EMAIL = _mapping(
    "send_resolved to from hello smarthost auth_username auth_password auth_password_file auth_secret auth_identity"
    " headers html text require_tls tls_config",
    {"send_resolved": False},
    auth_password=_hidden, auth_secret=_hidden, tls_config=_TLS,
)  # fmt: skip
_RECEIVER = _mapping(
    "name email_configs pagerduty_configs slack_configs webhook_configs",
    email_configs=_each(_EMAIL),
    pagerduty_configs=_each(_PAGERDUTY),
    slack_configs=_each(_slack),
    webhook_configs=_each(_webhook),
)
_INTERVAL = _mapping(
    "name time_intervals", time_intervals=_each(_mapping("times weekdays days_of_month months years location"))
)
_CONFIGURATION = _mapping(
    "global route inhibit_rules receivers templates mute_time_intervals time_intervals",
    {"global": _GLOBAL_DEFAULTS},
    inhibit_rules=_each(_mapping(_SIDES, source_matchers=_matchers, target_matchers=_matchers, equal=_classic_names)),
    route=_route,
    receivers=_each(_RECEIVER),
    mute_time_intervals=_each(_INTERVAL),
    time_intervals=_each(_INTERVAL),
    **{"global": _GLOBAL},
)
