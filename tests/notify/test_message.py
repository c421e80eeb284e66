"""What a receiver is given to render."""

from __future__ import annotations

from alertd.labels import LabelSet
from alertd.notify.message import Message, Status, compose
from alertd.notify.reason import Reason
from tests.support.builders import a_flush, a_posted_alert, after

URL = "https://alertd.example.com/pre/"
ONE = a_posted_alert("A", instance="1", team="ai", annotations={"summary": "s", "one": "1"})
TWO = a_posted_alert("A", instance="2", team="ai", annotations={"summary": "s", "two": "2"})
OVER = a_posted_alert("A", instance="0", team="db", ends_at=after(minutes=1))


def message(*alerts: object, send_resolved: bool = True, max_alerts: int = 0) -> Message:
    flush = a_flush(*alerts, labels=LabelSet({"alertname": "A"}))  # type: ignore[arg-type]
    return compose(flush, Reason.NEW_ALERTS, send_resolved=send_resolved, max_alerts=max_alerts, external_url=URL)


def test_it_says_what_the_alerts_have_in_common() -> None:
    made = message(ONE, TWO)
    assert made.common_labels == LabelSet({"alertname": "A", "team": "ai"})
    assert made.common_annotations == {"summary": "s"}
    assert made.group_labels == LabelSet({"alertname": "A"})
    assert (made.receiver, made.group_key) == ("ops", '{}:{alertname="A"}')
    assert made.external_url == "https://alertd.example.com/pre"


def test_it_fires_as_long_as_one_alert_does() -> None:
    assert message(ONE, OVER).status is Status.FIRING
    assert message(OVER).status is Status.RESOLVED


def test_without_send_resolved_it_speaks_of_what_fires_alone() -> None:
    assert message(ONE, OVER, send_resolved=False).alerts == (ONE,)


def test_max_alerts_keeps_the_first_and_counts_the_rest() -> None:
    made = message(ONE, TWO, OVER, max_alerts=1)
    assert (made.alerts, made.truncated) == ((OVER,), 2)
    assert made.status is Status.RESOLVED, "everything in it speaks of the alerts that are left"
    assert made.common_labels == OVER.labels
    assert message(ONE, TWO, max_alerts=2).truncated == 0
