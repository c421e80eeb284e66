"""alertd's own API."""

from __future__ import annotations

from collections import deque
from datetime import timedelta

import pytest

from alertd.engine.teacher import Lesson, NotTaughtError
from alertd.notify.history import posted_transition
from alertd.notify.outbox import Cause, Rejected
from alertd.rules.feedback import Feedback
from alertd.store.memory import MemoryStore
from tests.api.conftest import Connect
from tests.support.builders import a_delivery, a_posted_alert
from tests.support.pipeline import FakeIntegration
from tests.support.services import AT, Alertmanager, an_alertmanager, operators_of, services

ALERT = a_posted_alert("A", team="x", starts_at=AT)


async def with_an_alert() -> Alertmanager:
    """One alert, as if it had been posted."""
    made = an_alertmanager()
    event = posted_transition(None, ALERT, at=AT)
    assert event is not None
    async with made.store.transaction() as tx:
        tx.put_posted([ALERT])
        tx.add_events([event])
    made.services.dispatcher.ingest([ALERT])
    return made


async def test_an_alert_is_explained(connect: Connect) -> None:
    alertmanager = await with_an_alert()
    client = await connect(services(operators=operators_of(alertmanager)), prefix="/alertd")
    answer = await client.get(f"/alertd/api/alertd/v1/explain/{ALERT.fingerprint}")
    said = await answer.json()
    assert answer.status == 200
    assert (said["state"], said["labels"], said["startsAt"]) == (
        "firing",
        {"alertname": "A", "team": "x"},
        "2026-01-02T03:04:05.120000Z",
    )
    assert said["routes"][0]["nextFlushAt"] is not None
    assert [event["what"] for event in said["history"]] == ["firing"]


async def test_what_nobody_heard_of_is_404(connect: Connect) -> None:
    client = await connect(services())
    answer = await client.get("/api/alertd/v1/explain/beef")
    assert (answer.status, await answer.json()) == (
        404,
        {"error": "there is no alert beef, and none is remembered; alertd alerts lists those that fire"},
    )


async def test_the_history_of_one_alert_and_of_all(connect: Connect) -> None:
    client = await connect(services(operators=operators_of(await with_an_alert())))
    for query, count in (("", 1), (f"?fingerprint={ALERT.fingerprint}", 1), ("?fingerprint=beef", 0)):
        events = (await (await client.get(f"/api/alertd/v1/history{query}")).json())["events"]
        assert len(events) == count
    later = await client.get("/api/alertd/v1/history", params={"since": "2026-01-02T03:04:06Z"})
    assert await later.json() == {"events": []}
    [event] = (await (await client.get("/api/alertd/v1/history")).json())["events"]
    assert (event["kind"], event["what"], event["fingerprint"]) == ("transition", "firing", ALERT.fingerprint)
    assert event["facts"] == {"labels": {"alertname": "A", "team": "x"}}


async def test_deliveries_are_listed_without_their_bodies(connect: Connect) -> None:
    store = MemoryStore()
    async with store.transaction() as tx:
        tx.enqueue(a_delivery(body=b"token=secret"))
    client = await connect(services(operators=operators_of(an_alertmanager(store=store))))
    answer = await client.get("/api/alertd/v1/deliveries?state=queued")
    assert "secret" not in await answer.text()
    [delivery] = (await answer.json())["deliveries"]
    assert (delivery["receiver"], delivery["state"], delivery["firing"]) == ("ops/webhook[0]", "queued", 1)
    assert (await (await client.get("/api/alertd/v1/deliveries?state=dead")).json()) == {"deliveries": []}


@pytest.mark.parametrize(
    ("path", "said"),
    [
        pytest.param("history?limit=0", "limit: must be a number from 1 to 10000", id="no rows"),
        pytest.param("history?limit=many", "limit: must be a number", id="no number"),
        pytest.param("history?since=yesterday", "since: parsing time", id="no time"),
        pytest.param("deliveries?state=lost", 'state: there is no "lost"; there are: queued', id="no state"),
    ],
)
async def test_a_parameter_that_means_nothing_is_400(connect: Connect, path: str, said: str) -> None:
    client = await connect(services())
    answer = await client.get(f"/api/alertd/v1/{path}")
    assert answer.status == 400
    assert said in (await answer.json())["error"]


async def test_a_receiver_is_tested(connect: Connect) -> None:
    refusing = FakeIntegration(outcomes=deque([Rejected(why="HTTP 403 Forbidden", cause=Cause.AUTH_ERROR)]))
    operators = operators_of(an_alertmanager(), integrations={"ops": [refusing]})
    client = await connect(services(operators=operators))
    answer = await client.post("/api/alertd/v1/receivers/ops/test")
    [result] = (await answer.json())["results"]
    assert answer.status == 200
    assert (result["receiver"], result["state"], result["answer"]) == (
        "ops/webhook[0]",
        "rejected",
        "HTTP 403 Forbidden",
    )
    assert result["nextStep"].startswith("check its credentials")
    assert len(refusing.sent) == 1


async def test_a_dry_run_sends_nothing(connect: Connect) -> None:
    integration = FakeIntegration()
    client = await connect(services(operators=operators_of(an_alertmanager(), integrations={"ops": [integration]})))
    answer = await client.post("/api/alertd/v1/receivers/ops/test?dryRun=true")
    assert [one["state"] for one in (await answer.json())["results"]] == ["not sent"]
    assert integration.sent == []


async def test_an_unknown_receiver_is_404(connect: Connect) -> None:
    client = await connect(services())
    answer = await client.post("/api/alertd/v1/receivers/nobody/test")
    assert (answer.status, await answer.json()) == (404, {"error": 'there is no receiver "nobody"'})


async def test_one_receiver_is_tested_three_times_a_minute_and_the_others_all_the_same(connect: Connect) -> None:
    alertmanager = an_alertmanager()
    ops, pager = FakeIntegration(), FakeIntegration(receiver="pager")
    operators = operators_of(alertmanager, integrations={"ops": [ops], "pager": [pager]})
    client = await connect(services(operators=operators))

    async def status(path: str) -> int:
        return (await client.post(f"/api/alertd/v1/receivers/{path}")).status

    assert [await status("ops/test") for _ in range(4)] == [200, 200, 200, 429]
    await alertmanager.clock.advance(timedelta(seconds=18))
    answer = await client.post("/api/alertd/v1/receivers/ops/test")
    assert (answer.status, answer.headers["Retry-After"]) == (429, "42")
    assert (await answer.json())["error"].startswith('receiver "ops" was tested 3 times within 1m; try again in 42 s')
    assert (await status("ops/test?dryRun=true"), await status("pager/test")) == (200, 200)
    assert (len(ops.sent), len(pager.sent)) == (3, 1)
    await alertmanager.clock.advance(timedelta(seconds=42))
    assert await status("ops/test") == 200


async def taught(fingerprint: str, feedback: Feedback) -> Lesson | None:
    """One alert has a rule that learns, one a rule that does not."""
    if fingerprint == "dead":
        raise NotTaughtError("A is no anomaly rule")
    if fingerprint == "slow":
        raise TimeoutError
    return Lesson(rule="A", feedback=feedback, series=3) if fingerprint == "cafe" else None


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"fingerprint": "cafe", "feedback": "expected"}, 200, {"rule": "A", "feedback": "expected", "series": 3}),
        ({"fingerprint": "dead", "feedback": "incident"}, 409, {"error": "A is no anomaly rule"}),
        ({"fingerprint": "slow", "feedback": "incident"}, 503, {"error": "its rules are still being evaluated"}),
        ({"fingerprint": "beef", "feedback": "incident"}, 404, {"error": "no rule has an alert beef"}),
        (
            {"fingerprint": "cafe", "feedback": "holiday"},
            400,
            {"error": "feedback: Invalid enum value 'holiday' - at `$.feedback`"},
        ),
        ({"feedback": "expected"}, 400, {"error": "feedback: Object missing required field `fingerprint`"}),
    ],
)
async def test_what_operators_say_reaches_the_rule(
    connect: Connect, body: dict[str, str], status: int, said: dict[str, object]
) -> None:
    client = await connect(services(operators=operators_of(an_alertmanager(), teach=taught)))
    answer = await client.post("/api/alertd/v1/feedback", json=body)
    assert (answer.status, await answer.json()) == (status, said)
