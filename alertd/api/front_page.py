"""The page at `/`, where the links of messages lead: what fires now, and where else to look. Plain HTML, no script, no style."""

from __future__ import annotations

import asyncio
import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import nlargest

from alertd.alerts.posted import PostedAlert
from alertd.api.services import AlertmanagerServices
from alertd.dispatch.mutes import MuteStage

MOST = 100
"""Alerts on the page, those that began last; all of them are in the API."""

_SLICE = 2000
"""Alerts looked at before others have their turn."""

_WORDS = {MuteStage.INHIBITED: "inhibited", MuteStage.SILENCED: "silenced"}
_HEADINGS = ("since (UTC)", "alert", "severity", "state", "summary", "links", "labels", "why it was told, or not")
_LINKS = (("runbook", "runbook_url"), ("dashboard", "dashboard_url"))
_DOORS = (
    ("metrics", "metrics about alertd itself"),
    ("health", "health, with every check"),
    ("health/providers", "how each provider of LLMs is, by the rules that look at it"),
    ("api/v1/rules", "rules and their alerts"),
    ("api/v1/alerts", "alerts of these rules"),
    ("api/v2/alerts", "every alert, those of others included"),
)


@dataclass(frozen=True, slots=True)
class Firing:
    """What fires; `alerts` the newest with what becomes of each (active, silenced, inhibited, muted), of `count` in all."""

    alerts: Sequence[tuple[PostedAlert, str]]
    count: int


async def firing(services: AlertmanagerServices) -> Firing:
    """What fires at this moment."""
    dispatcher, at = services.dispatcher, services.now()
    known, count = dispatcher.alerts(), 0
    newest: list[PostedAlert] = []
    for start in range(0, len(known), _SLICE):
        fires = [alert for alert in known[start : start + _SLICE] if not alert.resolved(at)]
        newest = nlargest(MOST, [*newest, *fires], key=lambda alert: alert.starts_at)
        count += len(fires)
        await asyncio.sleep(0)
    return Firing([(alert, _state(services, alert)) for alert in newest], count)


def _state(services: AlertmanagerServices, alert: PostedAlert) -> str:
    """`active` as long as one of its groups may tell of it."""
    dispatcher = services.dispatcher
    mutes = [dispatcher.mutes(alert.labels, group.route) for group in dispatcher.groups_of(alert.labels)]
    stages = [stage for one in mutes if (stage := one.stage) is not None]
    return _WORDS.get(stages[0], "muted") if stages and len(stages) == len(mutes) else "active"


def page(version: str, shown: Firing) -> str:
    """The whole page."""
    doors = "".join(f'<li><a href="{path}">{path}</a>: {html.escape(text)}</li>' for path, text in _DOORS)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="30"><title>alertd</title>'
        f"<h1>alertd</h1>{_table(shown)}<ul>{doors}</ul><p>version {html.escape(version)}</p></html>"
    )


def _table(shown: Firing) -> str:
    if not shown.alerts:
        return "<p>Nothing fires.</p>"
    more = f", the newest {len(shown.alerts)} of them below" if shown.count > len(shown.alerts) else ""
    head = "".join(f"<th>{heading}</th>" for heading in _HEADINGS)
    rows = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in _cells(*one))}</tr>" for one in shown.alerts)
    return f'<p>{shown.count} firing{more}</p><table border="1" cellpadding="4"><tr>{head}</tr>{rows}</table>'


def _cells(alert: PostedAlert, state: str) -> Iterable[str]:
    """HTML."""
    labels = {name: value for name, value in alert.labels.items() if name not in ("alertname", "severity")}
    links = [_link(name, alert.annotations.get(key, "")) for name, key in _LINKS]
    links.append(_link("source", alert.generator_url))
    yield alert.starts_at.strftime("%Y-%m-%d %H:%M:%S")
    yield html.escape(alert.labels.get("alertname", ""))
    yield html.escape(alert.labels.get("severity", ""))
    yield state
    yield html.escape(alert.annotations.get("summary", ""))
    yield " ".join(filter(None, links))
    yield html.escape(" ".join(f'{name}="{value}"' for name, value in labels.items()))
    yield f"<code>alertd explain {alert.fingerprint}</code>"


def _link(name: str, url: str) -> str:
    """Nothing but addresses of pages: an annotation may hold `javascript:` as well."""
    if not url.startswith(("http://", "https://")):
        return ""
    return f'<a href="{html.escape(url)}">{name}</a>'
