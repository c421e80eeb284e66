"""A notification that only tries a receiver."""

from __future__ import annotations

from alertd.dispatch.quoting import group_key
from alertd.labels import LabelSet
from alertd.notify.outbox import Cause, Delivered, Rejected, Retry
from alertd.notify.trial import ALERT_NAME, MARK, next_step, trial_delivery, trial_message
from tests.support.builders import T0
from tests.support.pipeline import FakeIntegration

URL = "http://alertd.example.org"


def test_it_is_marked_wherever_people_look() -> None:
    message = trial_message(FakeIntegration(), trial_id="1", external_url=URL, at=T0)
    [alert] = message.alerts
    assert all(MARK in text for text in (alert.labels["alertname"], *alert.annotations.values()))
    assert MARK in message.group_labels["alertname"]
    assert message.status == "firing"


def test_every_test_has_a_group_of_its_own_that_no_alert_can_be_in() -> None:
    keys = {trial_message(FakeIntegration(), trial_id=one, external_url=URL, at=T0).group_key for one in ("1", "2")}
    assert len(keys) == 2
    assert group_key("{}", LabelSet({"alertname": ALERT_NAME})) not in keys


def test_the_delivery_is_the_rendered_message_under_the_id_of_the_test() -> None:
    integration = FakeIntegration(receiver="ops", index=2)
    message = trial_message(integration, trial_id="1", external_url=URL, at=T0)
    delivery = trial_delivery(integration, message, trial_id="1")
    assert (delivery.id, delivery.payload) == ("1", integration.render(message))
    assert (delivery.stream.receiver, delivery.stream.index) == ("ops", 2)


def test_every_way_to_fail_has_a_next_step() -> None:
    for cause in Cause:
        for kind in ("slack", "pagerduty", "email", "webhook"):
            assert next_step(kind, Rejected(why="no", cause=cause))
            assert next_step(kind, Retry(why="later", cause=cause))
    assert next_step("slack", Delivered()) == ""
