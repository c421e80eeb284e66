"""Why somebody was told, or not: from what is kept, in whatever state things are."""

from __future__ import annotations

from collections import deque
from datetime import timedelta

from alertd.alerts.alert import State
from alertd.alerts.posted import PostedAlert
from alertd.clock import SimulatedClock
from alertd.dispatch.silence_index import Silences
from alertd.dispatch.silences import Silence
from alertd.engine.explain import Explainer
from alertd.engine.ports import Store
from alertd.engine.readings import read_suppressed
from alertd.engine.state import GroupState
from alertd.labels import LabelSet
from alertd.labels.matcher import Matcher, Op
from alertd.notify.explain import Explanation
from alertd.notify.history import posted_transition, transitions
from alertd.notify.outbox import Cause, Delivered, Rejected, Retry
from tests.support.builders import T0, a_posted_alert, a_route, after
from tests.support.pipeline import FakeIntegration, Pipeline, pipeline
from tests.support.services import an_alert, evaluate, groups_of

RULES = """
groups:
  - name: limits
    rules:
      - alert: A
        expr: rate(errors[5m])
        threshold: {above: 5}
        for: 10m
        unit: errors/s
"""


async def explain(
    running: Pipeline,
    labels: LabelSet,
    *,
    rules: list[GroupState] | None = None,
    silences: Silences | None = None,
    external_labels: dict[str, str] | None = None,
) -> Explanation:
    explainer = an_explainer(running.store, running.clock, running, rules or [], silences, external_labels)
    found = await explainer.explain(labels.fingerprint)
    assert found is not None
    return found


def an_explainer(
    store: Store,
    clock: SimulatedClock,
    running: Pipeline,
    rules: list[GroupState],
    silences: Silences | None = None,
    external_labels: dict[str, str] | None = None,
) -> Explainer:
    return Explainer(
        store=store,
        clock=clock,
        dispatcher=running.dispatcher,
        silences=silences or Silences(),
        rules=lambda: rules,
        external_labels=lambda: external_labels or {},
    )


ALERT: PostedAlert = a_posted_alert("A", team="x")


async def test_an_alert_nobody_heard_of_is_not_explained() -> None:
    async with pipeline(FakeIntegration()) as running:
        assert await an_explainer(running.store, running.clock, running, []).explain("beef") is None


async def test_before_its_first_flush_it_says_when_that_is() -> None:
    async with pipeline(FakeIntegration(), route=a_route(group_by=["team"])) as running:
        await running.post(ALERT)
        found = await explain(running, ALERT.labels)
    assert (found.state, found.starts_at) == ("firing", T0)
    assert found.why == ["ops was not told yet; its group is looked at next at 2026-01-05 12:00:30Z"]
    [route] = found.routes
    assert (route.receiver, route.group_labels, route.next_flush_at) == ("ops", {"team": "x"}, after(seconds=30))


async def test_after_a_delivery_it_says_who_was_told_when_and_what_was_answered() -> None:
    took_it = FakeIntegration(always=Delivered(answer="HTTP 200 OK"))
    async with pipeline(took_it) as running:
        await running.post(ALERT)
        await running.advance(seconds=31)
        found = await explain(running, ALERT.labels)
    assert found.why == ["ops/webhook[0] was told at 2026-01-05 12:00:30Z: firing"]
    [delivery] = found.deliveries
    assert (delivery.receiver, delivery.reason, delivery.state) == ("ops/webhook[0]", "first notification", "delivered")
    [attempt] = delivery.attempts
    assert (attempt.outcome, attempt.answer, attempt.attempt) == ("delivered", "HTTP 200 OK", 1)
    assert [event.what for event in found.history] == ["delivered", "queued"]


async def test_every_attempt_is_told_with_its_error_and_when_the_next_one_is() -> None:
    busy = FakeIntegration(always=Retry(why="HTTP 429", cause=Cause.RATE_LIMITED, after=timedelta(minutes=2)))
    async with pipeline(busy) as running:
        await running.post(ALERT)
        await running.advance(seconds=40)
        found = await explain(running, ALERT.labels)
    [delivery] = found.deliveries
    assert [(one.outcome, one.answer) for one in delivery.attempts] == [("retry", "HTTP 429")]
    assert found.why[0].startswith("ops/webhook[0] is to be told at 2026-01-05 12:02:3")
    assert found.why[0].endswith("after: HTTP 429")


async def test_what_was_refused_is_told() -> None:
    refusing = FakeIntegration(outcomes=deque([Rejected(why="HTTP 404 Not Found", cause=Cause.CLIENT_ERROR)]))
    async with pipeline(refusing) as running:
        await running.post(ALERT)
        await running.advance(seconds=31)
        found = await explain(running, ALERT.labels)
    assert found.why == ["ops/webhook[0] could not be told at 2026-01-05 12:00:30Z: HTTP 404 Not Found"]


async def test_deliveries_about_other_alerts_of_the_group_are_left_out() -> None:
    async with pipeline(FakeIntegration()) as running:
        await running.post(ALERT)
        await running.advance(seconds=31)
        late = a_posted_alert("B", starts_at=after(seconds=31))
        await running.post(late)
        found = await explain(running, late.labels)
    assert found.deliveries == []


async def test_a_silence_is_named_with_its_author_and_its_end() -> None:
    silence = Silence(
        id="s-1", matchers=(Matcher("team", Op.EQUAL, "x"),), starts_at=T0, ends_at=after(hours=1), updated_at=T0,
        created_by="ann", comment="TICKET-1",
    )  # fmt: skip
    silences = Silences([silence])
    async with pipeline(FakeIntegration(), silences=silences) as running:
        await running.post(ALERT)
        await running.advance(seconds=31)
        found = await explain(running, ALERT.labels, silences=silences)
        assert read_suppressed(running.dispatcher)["silence"] == 1
    assert found.why == ["ops is not told: silence s-1 of ann until 2026-01-05 13:00:00Z (TICKET-1)"]
    [named] = found.routes[0].mutes.silenced_by
    assert (named.id, named.created_by, named.ends_at) == ("s-1", "ann", after(hours=1))
    assert [(event.what, event.why) for event in found.history] == [("held back", "silenced by s-1")]


async def test_an_alert_of_our_own_rule_comes_with_its_rule_and_value() -> None:
    [group] = groups_of(RULES)
    own = an_alert({"alertname": "A", "team": "x"}, value=7.5)
    evaluate(group, 0, own)
    posted = a_posted_alert("A", team="x", region="eu")
    async with pipeline(FakeIntegration()) as running:
        await running.post(posted)
        found = await explain(running, posted.labels, rules=[group], external_labels={"region": "eu"})
    assert found.rule is not None
    assert (found.rule.name, found.rule.group, found.rule.value, found.rule.unit) == ("A", "limits", 7.5, "errors/s")
    assert found.annotations == {"summary": "seen"}


async def test_a_pending_alert_says_what_it_waits_for() -> None:
    [group] = groups_of(RULES)
    pending = an_alert({"alertname": "A"}, state=State.PENDING)
    evaluate(group, 0, pending)
    async with pipeline(FakeIntegration()) as running:
        async with running.store.transaction() as tx:
            tx.add_events(transitions({}, changed=[pending], dropped=[], external_labels={}, at=T0))
        found = await explain(running, pending.labels, rules=[group])
    assert found.state == "pending"
    assert found.why == ["pending: it fires once it has been true for 600 s"]


async def test_what_is_over_is_still_explained() -> None:
    async with pipeline(FakeIntegration()) as running:
        await running.post(ALERT)
        await running.advance(seconds=31)
        await running.resolve(ALERT)
        await running.advance(minutes=6)
        assert running.dispatcher.known(ALERT.labels) is None
        async with running.store.transaction() as tx:
            event = posted_transition(None, ALERT, at=T0)
            assert event is not None
            tx.add_events([event])
        found = await explain(running, ALERT.labels)
    assert found.state == "resolved"
    assert [delivery.reason for delivery in found.deliveries] == ["all alerts resolved", "first notification"]
    assert found.why[0] == "ops/webhook[0] was told at 2026-01-05 12:05:30Z: resolved"


async def test_a_failure_that_was_made_up_for_is_no_reason_any_more() -> None:
    refusing = FakeIntegration(outcomes=deque([Rejected(why="HTTP 404 Not Found", cause=Cause.CLIENT_ERROR)]))
    async with pipeline(refusing) as running:
        await running.post(ALERT)
        await running.advance(minutes=6)
        found = await explain(running, ALERT.labels)
    assert [delivery.state for delivery in found.deliveries] == ["delivered", "dead"]
    assert found.why == ["ops/webhook[0] was told at 2026-01-05 12:05:30Z: firing"]
