"""Everybody a preset tells, as local servers: Slack, PagerDuty, a webhook and a mail server; and what they were told."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.support.receiver_server import Answer, Received, ReceiverServer, receiver_server
from tests.support.smtp_server import Mail, SmtpServer, smtp_server

_TITLE = re.compile(r"(FIRING|RESOLVED)\S*:? +(\w+)")
_ACTIONS = {"trigger": "firing", "resolve": "resolved"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One notification about one alert name.

    door       `pagerduty`, `webhook`, `slack #channel`, `mail somebody@example.com`
    severity   "" where the message has none
    """

    door: str
    alert: str
    status: str
    text: str
    severity: str = ""


@dataclass(frozen=True, slots=True)
class Doors:
    http: ReceiverServer
    smtp: SmtpServer

    @property
    def environment(self) -> Mapping[str, str]:
        """What a preset takes from the environment, all of it switched on."""
        return {
            "SLACK_WEBHOOK_URL": f"{self.http.url}/slack",
            "PAGERDUTY_ROUTING_KEY": "0123456789abcdef0123456789abcdef",
            "ALERT_WEBHOOK_URL": f"{self.http.url}/webhook",
            "EMAIL_ALERTS_ENABLED": "true",
            "SMTP_SMARTHOST": self.smtp.address,
        }

    @property
    def settings(self) -> Mapping[str, str | bool]:
        """Keys of `global` for what no variable leads here."""
        return {"pagerduty_url": f"{self.http.url}/pagerduty", "smtp_require_tls": False}

    def told(self) -> list[Told]:
        """What they were told so far; in the order of time at each door."""
        return [_READERS[one.path](one) for one in self.http.received] + [_mailed(mail) for mail in self.smtp.received]


@asynccontextmanager
async def open_doors() -> AsyncIterator[Doors]:
    async with receiver_server() as http, smtp_server() as smtp:
        http.always("/slack", Answer(body=b"ok"))  # anything else is no success
        http.always("/pagerduty", Answer(status=202, body=b'{"status":"success","message":"Event processed"}'))
        yield Doors(http, smtp)


def _slack(request: Received) -> Told:
    (attachment,) = request.json["attachments"]
    status, alert = _title(attachment["title"])
    return Told(
        door=f"slack {request.json.get('channel', '')}".strip(), alert=alert, status=status, text=attachment["text"]
    )


def _pagerduty(request: Received) -> Told:
    event: dict[str, Any] = request.json
    alert, _, text = event["payload"]["summary"].partition(": ")
    return Told(
        door="pagerduty", alert=alert, status=_ACTIONS[event["event_action"]], text=text,
        severity=event["payload"]["severity"],
    )  # fmt: skip


def _webhook(request: Received) -> Told:
    body = request.json
    return Told(
        door="webhook", alert=body["alert"], status=body.get("status", "firing"), text=body["message"],
        severity=body["severity"],
    )  # fmt: skip


def _mailed(mail: Mail) -> Told:
    status, alert = _title(str(mail.parsed["Subject"]))
    body = mail.parsed.get_body(("plain", "html"))
    assert body is not None
    return Told(door=f"mail {mail.recipients[0]}", alert=alert, status=status, text=body.get_content())


def _title(title: str) -> tuple[str, str]:
    found = _TITLE.search(title)
    assert found is not None, title
    return found[1].lower(), found[2]


_READERS = {"/slack": _slack, "/pagerduty": _pagerduty, "/webhook": _webhook}
