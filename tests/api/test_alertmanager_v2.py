"""Alertmanager's API v2: what is answered from alerts, silences, inhibition and time intervals of this moment."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from alertd.api.alert_list import SLICE
from alertd.api.server import make_app
from alertd.dispatch.inhibition import InhibitRule
from alertd.dispatch.route import Route
from alertd.dispatch.time_intervals import TimeIntervalSettings
from alertd.engine.readings import count_alerts, count_silences
from alertd.labels.matcher import Matcher, Op
from alertd.telemetry.alertmanager import AlertmanagerRequests
from tests.api.conftest import Connect
from tests.support.services import AT, Alertmanager, an_alertmanager, services
from tests.support.stores import GatedStore

JSON = {"Content-Type": "application/json"}
ALWAYS = TimeIntervalSettings.model_validate({"name": "always", "time_intervals": [{}]})
NEVER = TimeIntervalSettings.model_validate({"name": "never", "time_intervals": [{"years": ["1990"]}]})
TREE = Route(
    receiver="ops",
    group_by=frozenset(["alertname"]),
    routes=(
        Route(receiver="team-a", key='{}/{team="a"}', id='{}/{team="a"}', matchers=(Matcher("team", Op.EQUAL, "a"),)),
        Route(
            receiver="muted", key='{}/{team="m"}', id='{}/{team="m"}', matchers=(Matcher("team", Op.EQUAL, "m"),),
            mute_time_intervals=("always",), active_time_intervals=("never",),
        ),
    ),
)  # fmt: skip
CRITICAL_FIRST = InhibitRule(
    name="critical first", source=(Matcher("sev", Op.EQUAL, "crit"),), target=(Matcher("sev", Op.EQUAL, "warn"),)
)


class Api:
    """A client of an API with alerts behind it."""

    def __init__(self, client: TestClient[Any, Any], alertd: Alertmanager) -> None:
        self.client = client
        self.alertd = alertd

    async def get(self, path: str) -> Any:
        answer = await self.client.get(f"/api/v2/{path}")
        assert answer.status == 200, await answer.text()
        return await answer.json()

    async def post(self, *labels: dict[str, str], **rest: str) -> None:
        answer = await self.client.post("/api/v2/alerts", json=[{"labels": one, **rest} for one in labels])
        assert (answer.status, await answer.read()) == (200, b"")

    async def silence(self, name: str, value: str, **rest: Any) -> str:
        body = {
            "matchers": [{"name": name, "value": value, "isRegex": False}],
            "startsAt": AT.isoformat(), "endsAt": (AT + timedelta(hours=1)).isoformat(),
            "createdBy": "me", "comment": "because", **rest,
        }  # fmt: skip
        answer = await self.client.post("/api/v2/silences", json=body)
        assert answer.status == 200, await answer.text()
        silence_id: str = (await answer.json())["silenceID"]
        return silence_id

    async def names(self, query: str) -> list[str]:
        return sorted(alert["labels"]["alertname"] for alert in await self.get(f"alerts?{query}"))


@pytest.fixture
async def api(connect: Connect) -> Api:
    alertd = an_alertmanager(
        TREE, receivers=("ops", "unused", "team-a", "muted"), inhibit_rules=[CRITICAL_FIRST], intervals=[ALWAYS, NEVER]
    )
    return Api(await connect(services(alertmanager=alertd.services)), alertd)


class TestAlerts:
    async def test_an_alert_is_shown_in_full(self, api: Api) -> None:
        await api.post(
            {"alertname": "A", "x": "1"},
            startsAt="2026-01-01T00:00:00.123456+02:00",
            endsAt="2026-02-01T00:00:00Z",
            generatorURL="http://p.example.org/1",
        )
        assert await api.get("alerts") == [
            {
                "annotations": {},
                "endsAt": "2026-02-01T00:00:00.000Z",
                "fingerprint": "6051004c729abe0e",
                "receivers": [{"name": "ops"}],
                "startsAt": "2026-01-01T00:00:00.123+02:00",
                "status": {"inhibitedBy": [], "mutedBy": [], "silencedBy": [], "state": "active"},
                "updatedAt": "2026-01-02T03:04:05.120Z",
                "generatorURL": "http://p.example.org/1",
                "labels": {"alertname": "A", "x": "1"},
            }
        ]

    async def test_alerts_come_by_fingerprint_however_many_there_are(self, api: Api) -> None:
        await api.post(*({"alertname": f"A{number}"} for number in range(SLICE + 100)))
        alerts = await api.get("alerts")
        assert len(alerts) == SLICE + 100
        fingerprints = [alert["fingerprint"] for alert in alerts]
        assert fingerprints == sorted(fingerprints)

    async def test_an_answer_that_is_long_comes_in_pieces(self, api: Api) -> None:
        await api.post(*({"alertname": f"A{number}", "text": "x" * 2000} for number in range(200)))
        answer = await api.client.get("/api/v2/alerts")
        assert answer.headers.get("Transfer-Encoding") == "chunked"
        assert (await answer.read()).endswith(b"}]\n")
        assert len(await answer.json()) == 200

    async def test_an_alert_that_has_ended_is_not_shown(self, api: Api) -> None:
        await api.post({"alertname": "A"})
        await api.alertd.clock.advance(timedelta(minutes=5))
        assert len(await api.get("alerts")) == 1
        await api.alertd.clock.advance(timedelta(seconds=1))
        assert await api.get("alerts") == []

    async def test_an_alert_says_who_is_told_in_the_order_of_routing(self, connect: Connect) -> None:
        both = Route(
            receiver="ops",
            routes=(
                Route(receiver="two", key="{}/{}", id="{}/{}", continues=True),
                Route(receiver="one", key="{}/{}", id="{}/{}#2"),
            ),
        )
        alertd = an_alertmanager(both)
        api = Api(await connect(services(alertmanager=alertd.services)), alertd)
        await api.post({"alertname": "A"})
        (alert,) = await api.get("alerts")
        assert alert["receivers"] == [{"name": "two"}, {"name": "one"}]


class TestStatus:
    async def test_all_reasons_are_named(self, api: Api) -> None:
        await api.post({"alertname": "T", "sev": "warn", "team": "m"}, {"alertname": "S", "sev": "crit"})
        ids = sorted([await api.silence("alertname", "T"), await api.silence("team", "m")])
        (source,) = await api.get("alerts?filter=alertname=S")
        (target,) = await api.get("alerts?filter=alertname=T")
        assert target["status"] == {
            "inhibitedBy": [source["fingerprint"]],
            "mutedBy": ["never", "always"],
            "silencedBy": ids,
            "state": "suppressed",
        }
        assert source["status"]["state"] == "active"

    async def test_it_is_that_of_the_moment(self, api: Api) -> None:
        await api.post({"alertname": "A"})
        silence_id = await api.silence("alertname", "A")
        assert (await api.get("alerts"))[0]["status"]["state"] == "suppressed"
        assert (await api.client.delete(f"/api/v2/silence/{silence_id}")).status == 200
        assert (await api.get("alerts"))[0]["status"]["state"] == "active"

    async def test_the_metrics_count_the_same(self, api: Api) -> None:
        await api.post({"alertname": "A"}, {"alertname": "B"}, {"alertname": "W", "sev": "warn"}, {"sev": "crit"})
        await api.silence("alertname", "A")
        served = api.alertd.services
        assert await count_alerts(served.dispatcher, at=AT) == {"active": 2, "suppressed": 2}
        assert count_silences(served.silencer, at=AT) == {"active": 1, "pending": 0, "expired": 0}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        pytest.param("", ["Crit", "Muted", "Plain", "Silenced", "Warn"], id="everything by default"),
        pytest.param("active=false", ["Muted", "Silenced", "Warn"], id="no active ones"),
        pytest.param("active=nonsense", ["Muted", "Silenced", "Warn"], id="what is no yes is a no"),
        pytest.param("active=", ["Crit", "Muted", "Plain", "Silenced", "Warn"], id="nothing is the default"),
        pytest.param("active=false&active=Yes", ["Crit", "Muted", "Plain", "Silenced", "Warn"], id="the last one counts"),
        pytest.param("silenced=0", ["Crit", "Muted", "Plain", "Warn"], id="no silenced ones"),
        pytest.param("inhibited=no", ["Crit", "Muted", "Plain", "Silenced"], id="no inhibited ones"),
        pytest.param("muted=false", ["Crit", "Plain", "Silenced", "Warn"], id="none muted by time"),
        pytest.param("unprocessed=false", ["Crit", "Muted", "Plain", "Silenced", "Warn"], id="all are processed"),
        pytest.param("receiver=team.*", ["Plain"], id="a receiver"),
        pytest.param("receiver=team", [], id="the whole name of a receiver"),
        pytest.param("receiver=", ["Crit", "Muted", "Plain", "Silenced", "Warn"], id="no receiver"),
        pytest.param("filter=sev=~%22crit%7Cwarn%22&filter=alertname!=Crit", ["Warn"], id="filters, all of them"),
        pytest.param("filter=team=%22%22&filter=sev=%22%22", ["Silenced"], id="labels that are absent"),
        pytest.param("filter=%22service.name%22=api", ["Crit"], id="names in UTF-8"),
    ],
)  # fmt: skip
async def test_parameters(api: Api, query: str, names: list[str]) -> None:
    await api.post(
        {"alertname": "Plain", "team": "a"},
        {"alertname": "Silenced"},
        {"alertname": "Warn", "sev": "warn"},
        {"alertname": "Crit", "sev": "crit", "service.name": "api"},
        {"alertname": "Muted", "team": "m"},
    )
    await api.silence("alertname", "Silenced")
    assert await api.names(query) == names
    grouped = await api.get(f"alerts/groups?{query}")
    assert sorted(alert["labels"]["alertname"] for group in grouped for alert in group["alerts"]) == names


class TestGroups:
    async def test_groups_come_by_labels_and_alerts_in_the_order_of_a_notification(self, api: Api) -> None:
        await api.post(
            {"alertname": "B", "instance": "2"}, {"alertname": "B", "instance": "1"}, {"alertname": "A", "team": "a"}
        )
        shown = [
            (group["labels"], group["receiver"]["name"], [alert["labels"].get("instance") for alert in group["alerts"]])
            for group in await api.get("alerts/groups")
        ]
        assert shown == [({}, "team-a", [None]), ({"alertname": "B"}, "ops", ["1", "2"])]

    async def test_an_alert_in_two_groups_names_the_receivers_of_both_sorted(self, connect: Connect) -> None:
        both = Route(
            receiver="ops",
            routes=(
                Route(receiver="two", key="{}/{}", id="{}/{}", continues=True),
                Route(receiver="one", key="{}/{}", id="{}/{}#2", labels={"tier": "1"}),
            ),
        )
        alertd = an_alertmanager(both)
        api = Api(await connect(services(alertmanager=alertd.services)), alertd)
        await api.post({"alertname": "A"})
        groups = await api.get("alerts/groups")
        assert [(group["receiver"]["name"], group["routeLabels"]) for group in groups] == [
            ("one", {"tier": "1"}),
            ("two", {}),
        ]
        assert [group["alerts"][0]["receivers"] for group in groups] == [[{"name": "one"}, {"name": "two"}]] * 2
        (visible,) = await api.get("alerts/groups?receiver=two")
        assert visible["alerts"][0]["receivers"] == [{"name": "two"}]

    async def test_one_large_group_is_shown_whole_and_in_order(self, api: Api) -> None:
        await api.post(*({"alertname": "A", "instance": f"{number:04}"} for number in range(SLICE + 100, 0, -1)))
        (group,) = await api.get("alerts/groups")
        instances = [alert["labels"]["instance"] for alert in group["alerts"]]
        assert instances == sorted(instances)
        assert len(instances) == SLICE + 100


class TestSilences:
    async def test_a_silence_is_shown_in_full(self, api: Api) -> None:
        silence_id = await api.silence(
            "a", "b", matchers=[{"name": "a", "value": "x|y", "isRegex": True, "isEqual": False}],
            annotations={"ticket": "1"}, status={"state": "expired"}, updatedAt="nonsense",
        )  # fmt: skip
        assert await api.get(f"silence/{silence_id}") == {
            "id": silence_id,
            "status": {"state": "active"},
            "updatedAt": "2026-01-02T03:04:05.120Z",
            "annotations": {"ticket": "1"},
            "comment": "because",
            "createdBy": "me",
            "endsAt": "2026-01-02T04:04:05.120Z",
            "matchers": [{"isEqual": False, "isRegex": True, "name": "a", "value": "x|y"}],
            "startsAt": "2026-01-02T03:04:05.120Z",
        }

    async def test_a_list_shows_states_and_matchers_asked_for(self, api: Api) -> None:
        active = await api.silence("a", "1")
        pending = await api.silence("a", "2", startsAt=(AT + timedelta(minutes=1)).isoformat())
        expired = await api.silence("b", "1")
        await api.client.delete(f"/api/v2/silence/{expired}")
        assert [one["id"] for one in await api.get("silences")] == [active, pending, expired]
        assert [one["id"] for one in await api.get("silences?expired=false&active=0")] == [pending]
        assert [one["id"] for one in await api.get("silences?filter=a=1")] == [active]

    async def test_unknown_ids_are_told_from_ids_that_are_none(self, api: Api) -> None:
        unknown = "7c1b0a3e-0000-4000-8000-000000000000"
        for method in ("GET", "DELETE"):
            answer = await api.client.request(method, f"/api/v2/silence/{unknown}")
            assert (answer.status, await answer.read()) == (404, b"")
            answer = await api.client.request(method, "/api/v2/silence/xyz")
            assert (answer.status, (await answer.json())["code"]) == (422, 601)


class TestEveryAnswer:
    async def test_browsers_of_other_sites_may_ask_and_caches_keep_nothing(self, api: Api) -> None:
        answer = await api.client.get("/api/v2/receivers", headers={"Origin": "http://grafana.example.com"})
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert (answer.headers["Vary"], answer.headers["Cache-Control"]) == ("Origin", "no-store")
        plain = await api.client.get("/api/v2/receivers")
        assert "Access-Control-Allow-Origin" not in plain.headers

    async def test_they_may_ask_before_they_ask(self, api: Api) -> None:
        answer = await api.client.options(
            "/api/v2/silences",
            headers={
                "Origin": "http://grafana.example.com",
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "content-type",
            },
        )
        assert answer.status == 200
        assert answer.headers["Access-Control-Allow-Methods"] == "POST"
        assert answer.headers["Access-Control-Allow-Headers"] == "content-type"

    @pytest.mark.parametrize("prefix", ["", "/alertd"])
    async def test_paths_are_told_without_the_prefix_and_may_end_with_a_slash(
        self, connect: Connect, prefix: str
    ) -> None:
        client = await connect(services(), prefix=prefix)
        answer = await client.get(f"{prefix}/api/v2/nosuch/")
        assert (answer.status, await answer.json()) == (
            404,
            {"code": 404, "message": "path /api/v2/nosuch/ was not found"},
        )
        assert (await client.get(f"{prefix}/api/v2/receivers/")).status == 200

    async def test_alertmanagers_first_api_is_gone_and_prometheus_is_in_its_place(self, api: Api) -> None:
        assert (await api.client.post("/api/v1/alerts", json=[])).status == 410
        answer = await api.client.get("/api/v1/alerts")
        assert await answer.json() == {"status": "success", "data": {"alerts": []}}

    async def test_the_openapi_document_names_every_path(self, api: Api) -> None:
        document = await api.get("openapi.json")
        assert set(document["paths"]) == {
            f"/api/v2/{path}"
            for path in ("alerts", "alerts/groups", "receivers", "silence/{silenceID}", "silences", "status")
        }

    async def test_what_cannot_be_saved_is_not_answered_with_200(self, connect: Connect) -> None:
        store = GatedStore(opened=True)
        store.broken = True
        client = await connect(services(alertmanager=an_alertmanager(store=store).services))
        answer = await client.post("/api/v2/alerts", json=[{"labels": {"a": "b"}}])
        assert (answer.status, await answer.json()) == (500, "disk full")


HOSTILE = (
    '<script>alert("x")</script>', "</textarea>\u2028\u2029&amp;", 'quote " backslash \\ slash /', "\x00\x01\x1f\x7f\n\r\t",
    "\U0001f600 emoji \u202e turned", "{{ .Labels }} ${HOME} %s", "x" * 20_000,
)  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_hostile_texts_come_back_as_they_were_and_never_break_the_json(api: Api, text: str) -> None:
    answer = await api.client.post(
        "/api/v2/alerts", json=[{"labels": {"alertname": "A", text: text}, "annotations": {"a": text, text: "b"}}]
    )
    assert answer.status == 200
    await api.silence("alertname", text, comment=text, createdBy=text)
    for path in ("alerts", "alerts/groups", "silences"):
        raw = await (await api.client.get(f"/api/v2/{path}")).read()
        assert not set("<>&\u2028\u2029") & set(raw.decode())
        json.loads(raw)
    (alert,) = await api.get("alerts")
    assert alert["labels"][text] == text
    assert alert["annotations"] == {"a": text, text: "b"}
    assert (await api.get("silences"))[0]["comment"] == text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b"[" * 100_000, 400, id="nested beyond all measure"),
        pytest.param(b'[{"labels":{"a":"b"},"x":' + b"[" * 5000 + b"]" * 5000 + b"}]", 400, id="nested inside"),
        pytest.param(b"[" + b"9" * 10_000 + b"]", 400, id="a number beyond all measure"),
        pytest.param(b'[{"labels":{"a":"b"},"startsAt":"9999-12-31T23:59:59-05:00"}]', 400, id="a start after all time"),
        pytest.param(b'[{"labels":{"a":"b"},"endsAt":"9999-12-31T23:59:59-05:00"}]', 200, id="an end after all time"),
        pytest.param(b'[{"labels":{"a":"b"},"startsAt":"0001-01-01T00:00:00+05:00"}]', 200, id="a start before all time"),
        pytest.param(b'[{"labels":{"a":"\\ud800"}}]', 200, id="half a surrogate"),
        pytest.param(b'[{"labels":{"a":"\xff"}}]', 200, id="no UTF-8"),
        pytest.param(b'[{"labels":{"a":"' + b"x" * 17_000_000 + b'"}}]', 413, id="larger than what is read"),
    ],
)  # fmt: skip
async def test_hostile_bodies_are_answered_and_leave_the_list_whole(api: Api, body: bytes, status: int) -> None:
    answer = await api.client.post("/api/v2/alerts", data=body, headers=JSON)
    assert answer.status == status, await answer.text()
    assert len(await api.get("alerts")) == (status == 200)
    again = an_alertmanager(store=api.alertd.store)
    await again.services.dispatcher.start()


TURNED_AWAY = "alertmanager_http_concurrency_limit_exceeded_total"


async def test_more_gets_than_allowed_are_turned_away(connect: Connect) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def slow_metrics(_: str) -> tuple[bytes, str]:
        entered.set()
        await leave.wait()
        return b"", "text/plain"

    registry = CollectorRegistry()
    requests = AlertmanagerRequests(registry)
    app = make_app(replace(services(), metrics=slow_metrics), most_gets=1, requests=requests)
    async with TestClient(TestServer(app)) as client:
        first = asyncio.create_task(client.get("/metrics"))
        await entered.wait()
        refused = await client.get("/api/v2/receivers")
        assert refused.status == 503
        assert await refused.text() == "Limit of concurrent GET requests reached (1), try again later.\n"
        assert (await client.post("/api/v2/alerts", json=[])).status == 200
        assert (await client.get("/-/ready")).status == 200, "a probe is always answered"
        assert registry.get_sample_value(TURNED_AWAY, {"method": "get"}) == 1
        leave.set()
        assert (await first).status == 200
        assert (await client.get("/api/v2/receivers")).status == 200
