"""The same requests to a real Alertmanager and to alertd: the same answers, but for times, ids and what is said to differ.

Where Alertmanager lets Go's JSON decoder speak, only the kind of answer is compared: nobody reads those words.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.daemon import running
from tests.support.servers import alertmanager

CONFIG = """
route:
  receiver: wh
  group_by: [alertname]
  group_wait: 1h
  routes: [{receiver: two, matchers: [x="1"], continue: true}, {receiver: two, matchers: [x=~"1|2"]}]
inhibit_rules: [{source_matchers: [sev=crit], target_matchers: [sev=warn], equal: [cluster]}]
receivers: [{name: wh}, {name: two}, {name: unused}]
"""
TIMES = re.compile(r'"(updatedAt|startsAt|endsAt|uptime)":"[^"]*"')
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
UNKNOWN = "7c1b0a3e-0000-4000-8000-000000000000"


@dataclass(frozen=True, slots=True)
class Request:
    """`loosely`: the message is not compared, only its kind."""

    method: str
    path: str
    body: Any = None
    content_type: str | None = "application/json"
    loosely: bool = False


def a_silence(**changes: Any) -> dict[str, Any]:
    silence = {
        "comment": "c", "createdBy": "me", "startsAt": "2026-01-01T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z",
        "matchers": [{"name": "alertname", "value": "Silenced", "isRegex": False}],
    }  # fmt: skip
    return {name: value for name, value in (silence | changes).items() if value is not None}


def an_alert(**labels: str) -> dict[str, Any]:
    return {
        "labels": labels, "annotations": {"s": 't "<é>&'}, "startsAt": "2026-01-01T00:00:00.5+02:00",
        "endsAt": "2099-01-01T00:00:00Z", "generatorURL": "http://p.example.org/g?a=1&b=<2>",
    }  # fmt: skip


ALERTS, GROUPS, SILENCES = "/api/v2/alerts", "/api/v2/alerts/groups", "/api/v2/silences"

STORY = {
    "no alerts": Request("GET", ALERTS),
    "no groups": Request("GET", GROUPS),
    "no silences": Request("GET", SILENCES),
    "receivers": Request("GET", "/api/v2/receivers"),
    "alerts are posted": Request(
        "POST", ALERTS,
        [
            an_alert(alertname="Plain", x="3"), an_alert(alertname="Silenced", x="2"), an_alert(alertname="One", x="1"),
            an_alert(alertname="Source", sev="crit", cluster="a"), an_alert(alertname="Target", sev="warn", cluster="a"),
            an_alert(alertname="Elsewhere", sev="warn", cluster="b"), an_alert(alertname="Plain", instance="1", job="j"),
            an_alert(alertname="Empty", gone=""),
        ],
    ),
    "a silence is posted": Request("POST", SILENCES, a_silence()),
    "all alerts": Request("GET", ALERTS),
    "all groups": Request("GET", GROUPS),
    "all silences": Request("GET", SILENCES),
    "active alerts": Request("GET", f"{ALERTS}?silenced=false&inhibited=false"),
    "suppressed alerts": Request("GET", f"{ALERTS}?active=false"),
    "suppressed groups": Request("GET", f"{GROUPS}?active=nonsense"),
    "alerts of a receiver": Request("GET", f"{ALERTS}?receiver=t.*"),
    "alerts of the last receiver": Request("GET", f"{ALERTS}?receiver=wh&receiver=two"),
    "groups of a receiver": Request("GET", f"{GROUPS}?receiver=t.*"),
    "alerts by filters": Request("GET", f'{ALERTS}?filter=alertname=~"S.*|E.*"&filter=sev=""'),
    "groups by filters": Request("GET", f"{GROUPS}?filter=cluster!=a"),
    "silences by filter": Request("GET", f"{SILENCES}?filter=alertname=Silenced"),
    "silences by another filter": Request("GET", f"{SILENCES}?filter=alertname=~Silenced"),
    "an alert resolves": Request("POST", ALERTS, [an_alert(alertname="One", x="1") | {"endsAt": "2026-01-01T00:00:01Z"}]),
    "it is gone": Request("GET", f"{ALERTS}?filter=alertname=One"),
}  # fmt: skip
"""In this order: each answer shows what the earlier requests led to."""

REFUSED = {
    "unknown path": Request("GET", "/api/v2/nosuch"),
    "no path": Request("GET", "/api/v2/"),
    "wrong method": Request("PUT", ALERTS, []),
    "wrong method, with a slash": Request("DELETE", f"{ALERTS}/"),
    "wrong method for status": Request("POST", "/api/v2/status"),
    "wrong method for a silence": Request("PUT", f"/api/v2/silence/{UNKNOWN}"),
    "OPTIONS without preflight": Request("OPTIONS", "/api/v2/receivers"),
    "HEAD": Request("HEAD", "/api/v2/receivers"),
    "another media type": Request("POST", ALERTS, [], "text/plain"),
    "media type with a charset": Request("POST", ALERTS, [], "application/json; charset=utf-8"),
    "no body": Request("POST", ALERTS, ""),
    "no body and no media type": Request("POST", ALERTS),
    "silence without body and media type": Request("POST", SILENCES),
    "blank body": Request("POST", ALERTS, "  "),
    "null": Request("POST", ALERTS, "null"),
    "no JSON": Request("POST", ALERTS, "[{nope", loosely=True),
    "no list": Request("POST", ALERTS, {"labels": {}}),
    "a text": Request("POST", ALERTS, '"x"'),
    "numbers": Request("POST", ALERTS, [1], loosely=True),
    "no labels": Request("POST", ALERTS, [{"annotations": {}}]),
    "labels null": Request("POST", ALERTS, [{"labels": None}]),
    "labels a list": Request("POST", ALERTS, [{"labels": []}]),
    "labels empty": Request("POST", ALERTS, [{"labels": {}}]),
    "labels without values": Request("POST", ALERTS, [{"labels": {"a": "", "b": None}}]),
    "a label a number": Request("POST", ALERTS, [{"labels": {"a": 5}}]),
    "an annotation a bool": Request("POST", ALERTS, [{"labels": {"a": "b"}, "annotations": {"c": True}}]),
    "annotations a list": Request("POST", ALERTS, [{"labels": {"a": "b"}, "annotations": []}]),
    "a time a number": Request("POST", ALERTS, [{"labels": {"a": "b"}, "startsAt": 5}]),
    "a time no time": Request("POST", ALERTS, [{"labels": {"a": "b"}, "startsAt": "yesterday"}], loosely=True),
    "a day no time": Request("POST", ALERTS, [{"labels": {"a": "b"}, "startsAt": "2026-01-01"}], loosely=True),
    "an address a number": Request("POST", ALERTS, [{"labels": {"a": "b"}, "generatorURL": 5}]),
    "an address that is none": Request("POST", ALERTS, [{"labels": {"a": "b"}, "generatorURL": "a b"}]),
    "the address comes before the labels": Request("POST", ALERTS, [{"generatorURL": "a b"}]),
    "the first alert comes first": Request("POST", ALERTS, [{"labels": None}, {"generatorURL": "a b"}]),
    "types come before what is missing": Request("POST", ALERTS, [{"labels": None}, {"labels": {"a": 1}}]),
    "an end before the start": Request(
        "POST", ALERTS, [{"labels": {"a": "b"}, "startsAt": "2026-01-02T00:00:00Z", "endsAt": "2026-01-01T00:00:00Z"}]
    ),
    "several reasons": Request("POST", ALERTS, [{"labels": {}}, {"labels": {"a": "b"}, "annotations": {"": "c"}}]),
    "bad filter": Request("GET", f"{ALERTS}?filter=alertname"),
    "empty filter": Request("GET", f"{ALERTS}?filter="),
    "bad expression": Request("GET", f'{GROUPS}?filter=a=~"("'),
    "bad receiver": Request("GET", f"{ALERTS}?receiver=("),
    "bad receiver of groups": Request("GET", f"{GROUPS}?receiver=("),
    "bad filter of silences": Request("GET", f"{SILENCES}?filter=x"),
    "silence without anything": Request("POST", SILENCES, {}),
    "silence null": Request("POST", SILENCES, "null"),
    "silence empty": Request("POST", SILENCES, ""),
    "silence a list": Request("POST", SILENCES, [], loosely=True),
    "silence without a comment": Request("POST", SILENCES, a_silence(comment=None)),
    "silence without a creator": Request("POST", SILENCES, a_silence(createdBy=None)),
    "silence without an end": Request("POST", SILENCES, a_silence(endsAt=None)),
    "silence without a start": Request("POST", SILENCES, a_silence(startsAt=None)),
    "silence without matchers": Request("POST", SILENCES, a_silence(matchers=None)),
    "silence with no matchers": Request("POST", SILENCES, a_silence(matchers=[])),
    "matchers an object": Request("POST", SILENCES, a_silence(matchers={})),
    "matcher without isRegex": Request("POST", SILENCES, a_silence(matchers=[{"name": "a", "value": "b"}])),
    "matcher without a name": Request("POST", SILENCES, a_silence(matchers=[{"value": "b", "isRegex": False}])),
    "matcher without a value": Request("POST", SILENCES, a_silence(matchers=[{"name": "b", "isRegex": False}])),
    "isRegex a text": Request("POST", SILENCES, a_silence(matchers=[{"name": "a", "value": "b", "isRegex": "no"}])),
    "comment a number": Request("POST", SILENCES, a_silence(comment=5)),
    "matcher with an empty name": Request(
        "POST", SILENCES, a_silence(matchers=[{"name": "", "value": "b", "isRegex": False}])
    ),
    "matcher for everything": Request(
        "POST", SILENCES, a_silence(matchers=[{"name": "a", "value": ".*", "isRegex": True}])
    ),
    "matcher that is no expression": Request(
        "POST", SILENCES, a_silence(matchers=[{"name": "a", "value": "(", "isRegex": True}])
    ),
    "silence in the past": Request("POST", SILENCES, a_silence(endsAt="2026-01-02T00:00:00Z")),
    "silence backwards": Request("POST", SILENCES, a_silence(startsAt="2099-01-02T00:00:00Z")),
    "silence with an unknown id": Request("POST", SILENCES, a_silence(id=UNKNOWN)),
    "silence with an id that is none": Request("POST", SILENCES, a_silence(id="xyz")),
    "silence nobody knows": Request("GET", f"/api/v2/silence/{UNKNOWN}"),
    "silence that is no id": Request("GET", "/api/v2/silence/xyz"),
    "silence whose id is in brackets": Request("GET", f"/api/v2/silence/{{{UNKNOWN}}}"),
    "silence whose id is a name": Request("GET", f"/api/v2/silence/urn:uuid:{UNKNOWN}"),
    "silence whose id has no dashes": Request("GET", f"/api/v2/silence/{UNKNOWN.replace('-', '')}"),
    "end of a silence that is no id": Request("DELETE", "/api/v2/silence/xyz"),
}


async def tell(session: aiohttp.ClientSession, url: str, request: Request) -> dict[str, Any]:
    """What is compared of an answer."""
    body = request.body if request.body is None or isinstance(request.body, str) else json.dumps(request.body)
    headers = {"Content-Type": request.content_type} if request.content_type and body is not None else {}
    async with session.request(request.method, url + request.path, data=body, headers=headers) as answer:
        text = UUID.sub("ID", TIMES.sub(r'"\1":"TIME"', await answer.text()))
        return {
            "status": answer.status,
            "type": answer.headers.get("Content-Type"),
            "allowed": sorted(answer.headers.get("Allow", "").split(",")),
            "body": _comparable(text, loosely=request.loosely),
        }


def _comparable(text: str, *, loosely: bool) -> Any:
    if not text:
        return text
    document = json.loads(text, object_hook=_without_later_fields)
    if loosely:
        document["message"] = document["message"].partition(" failed, because ")[0]
    if isinstance(document, dict) and "message" in document:  # Alertmanager's order of methods is by chance
        document["message"] = re.sub(r"\[(\w+),(\w+)\]", lambda two: str(sorted(two.groups())), document["message"])
    return document if isinstance(document, dict | list) else text


def _without_later_fields(value: dict[str, Any]) -> dict[str, Any]:
    """Alertmanager got them after 0.25."""
    return {
        name: item
        for name, item in value.items()
        if name not in {"mutedBy", "routeLabels"} and not (name == "annotations" and "matchers" in value)
    }


@asynccontextmanager
async def both(tmp_path: Path) -> AsyncIterator[Callable[[Request], Any]]:
    """Gives the two answers to a request: Alertmanager's and ours."""
    config = tmp_path / "alertmanager.yml"
    config.write_text(CONFIG)
    async with alertmanager(CONFIG) as theirs, running(config, tmp_path / "data") as ours:
        await ours.event("alertd_started")
        async with aiohttp.ClientSession() as session:

            async def ask(request: Request) -> tuple[dict[str, Any], dict[str, Any]]:
                return await tell(session, theirs, request), await tell(session, ours.url, request)

            yield ask


@pytest.mark.parametrize("requests", [pytest.param(STORY, id="a story"), pytest.param(REFUSED, id="what is refused")])
async def test_alertd_answers_as_alertmanager(tmp_path: Path, requests: dict[str, Request]) -> None:
    theirs, ours = {}, {}
    async with both(tmp_path) as ask:
        for name, request in requests.items():
            theirs[name], ours[name] = await ask(request)
    different = {name: (theirs[name], ours[name]) for name in requests if theirs[name] != ours[name]}
    assert not different, json.dumps(different, indent=1)


WRITTEN = (
    *("00:00:00.123456789+02:00", "00:00:00.999999999Z", "00:00:00Z", "00:00:00.1-07:30", "23:59:59.9999995+14:00"),
    *("00:00:00.0005Z", "00:00:00.12349995Z", "00:00:00+00:00", "00:00:00.1234567891Z", "00:00:00.000999500-00:00"),
)
"""Times of a day: nanoseconds and less, offsets of every kind."""


async def posted_times(url: str) -> list[tuple[str, ...]]:
    """What a server shows of times that were posted, of alerts and then of silences."""
    shown: list[tuple[str, ...]] = []
    async with aiohttp.ClientSession() as session:
        for number, time in enumerate(WRITTEN):
            alert = {"startsAt": f"2024-01-01T{time}", "endsAt": f"2099-01-01T{time}"}
            labels = {"alertname": "Time", "n": str(number)}
            async with session.post(url + ALERTS, json=[alert | {"labels": labels}]) as answer:
                assert answer.status == 200
            silence = a_silence(startsAt=f"2098-01-01T{time}", endsAt=f"2099-01-01T{time}", comment=str(number))
            async with session.post(url + SILENCES, json=silence) as answer:
                assert answer.status == 200
        for path, key in ((ALERTS, lambda one: one["labels"]["n"]), (SILENCES, lambda one: one["comment"])):
            async with session.get(url + path) as answer:
                found = sorted(await answer.json(), key=key)
            shown += [(key(one), one["startsAt"], one["endsAt"]) for one in found]
    return shown


async def test_times_are_shown_as_alertmanager_shows_them(tmp_path: Path) -> None:
    config = tmp_path / "alertmanager.yml"
    config.write_text(CONFIG)
    async with alertmanager(CONFIG) as theirs, running(config, tmp_path / "data") as ours:
        await ours.event("alertd_started")
        expected = await posted_times(theirs)
        assert len(expected) == 2 * len(WRITTEN)
        assert await posted_times(ours.url) == expected
