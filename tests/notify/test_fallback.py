"""What the fallback receiver is told, and when it is left alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count

import pytest

from alertd.alerts.posted import PostedAlert
from alertd.notify.fallback import Fallback
from alertd.notify.log import LogEntry, Stream
from alertd.notify.message import Message
from alertd.notify.outbox import Delivery, DeliveryState, Kind, Payload
from alertd.notify.told import Told
from tests.support.builders import T0, a_delivery, a_log_entry, a_posted_alert, a_stream, after, an_episode
from tests.support.pipeline import FakeIntegration

DEAD = replace(
    a_delivery(entry=a_log_entry(firing=[an_episode("A")], resolved=[an_episode("B")]), state=DeliveryState.DEAD),
    last_error="HTTP 400",
)
LATER = after(seconds=900)


@dataclass
class Listener(FakeIntegration):
    """Remembers what it was asked to render."""

    receiver: str = "backup"
    heard: list[Message] = field(default_factory=list)

    def render(self, message: Message) -> Payload:
        self.heard.append(message)
        return super().render(message)


def a_fallback(*channels: FakeIntegration) -> Fallback:
    ids = count(1)
    return Fallback(
        receiver="backup",
        channels=channels,
        new_id=lambda at: f"F{next(ids)}",
        external_url="http://alertd.example.com",
    )


def passed_on(
    *channels: FakeIntegration,
    dead: Delivery = DEAD,
    alerts: Iterable[PostedAlert] = (),
    told: Mapping[Stream, Told] | None = None,
) -> list[Delivery]:
    return a_fallback(*channels).deliveries(dead, alerts, told or {}, at=LATER, next_at=LATER)


@pytest.mark.parametrize(
    ("delivery", "taken"),
    [
        pytest.param(DEAD, True, id="dead"),
        pytest.param(replace(DEAD, state=DeliveryState.QUEUED), False, id="tried again"),
        pytest.param(replace(DEAD, state=DeliveryState.DELIVERED), False, id="delivered"),
        pytest.param(replace(DEAD, state=DeliveryState.SUPERSEDED), False, id="a newer message says it all"),
        pytest.param(replace(DEAD, kind=Kind.FALLBACK), False, id="passed on before"),
        pytest.param(
            replace(DEAD, entry=a_log_entry(stream=a_stream("backup"))), False, id="the fallback receiver's own"
        ),
    ],
)
def test_only_what_stays_undeliverable_is_passed_on(delivery: Delivery, taken: bool) -> None:
    assert a_fallback().takes(delivery) is taken


def test_the_message_says_who_failed_and_why_and_what_about() -> None:
    listener = Listener()
    passed_on(listener, alerts=[a_posted_alert("A", severity="page")])
    (message,) = listener.heard
    (alert,) = message.alerts
    assert alert.labels.to_dict() == {
        "alertname": "NotificationUndelivered",
        "severity": "critical",
        "receiver": "ops",
        "integration": "webhook[0]",
        "group": "{}:{}",
    }
    assert alert.annotations["summary"] == "ops/webhook[0] did not take a notification: HTTP 400"
    assert alert.annotations["description"].splitlines() == [
        "ops/webhook[0] did not take a notification: HTTP 400",
        "Group {}:{}",
        f"firing: fingerprint {an_episode('A').fingerprint}",
        f"resolved: fingerprint {an_episode('B').fingerprint}",
        "Nothing more is passed on about this group until ops/webhook[0] takes a message again.",
    ]
    assert (message.receiver, message.status, message.tick) == ("backup", "firing", LATER)


def test_alerts_that_are_known_are_told_by_their_labels() -> None:
    listener = Listener()
    passed_on(listener, alerts=[a_posted_alert("A")])
    assert f"firing: {a_posted_alert('A').labels}" in listener.heard[0].alerts[0].annotations["description"]


def test_of_many_alerts_a_few_are_named_and_the_rest_counted() -> None:
    listener = Listener()
    entry = a_log_entry(firing=[an_episode(f"A{number}") for number in range(1000)])
    passed_on(listener, dead=replace(DEAD, entry=entry))
    lines = listener.heard[0].alerts[0].annotations["description"].splitlines()
    assert len([line for line in lines if line.startswith("firing: fingerprint")]) == 20
    assert "firing: 980 more" in lines


def test_no_incident_or_thread_of_the_real_group_is_touched() -> None:
    listener = Listener()
    (delivery,) = passed_on(listener)
    assert listener.heard[0].group_key != DEAD.stream.group_key
    assert delivery.stream != DEAD.stream
    assert delivery.stream.part == "instead of ops/webhook[0]"


def test_every_integration_of_the_fallback_receiver_is_told() -> None:
    channels = Listener(index=0), Listener(index=1, destination="elsewhere")
    queued = passed_on(*channels)
    assert [(one.id, one.stream.index, one.destination, one.kind) for one in queued] == [
        ("F1", 0, "somewhere", Kind.FALLBACK),
        ("F2", 1, "elsewhere", Kind.FALLBACK),
    ]


TOLD_AT_T0 = a_log_entry(firing=[an_episode()], stream=passed_on(Listener())[0].stream)


@pytest.mark.parametrize(
    ("entries", "told_again"),
    [
        pytest.param([], True, id="nobody was told yet"),
        pytest.param([TOLD_AT_T0], False, id="told, and the integration has never taken anything"),
        pytest.param(
            [TOLD_AT_T0, a_log_entry(firing=[an_episode()], at=after(seconds=-60))],
            False,
            id="told, and what the integration took was before",
        ),
        pytest.param(
            [TOLD_AT_T0, a_log_entry(firing=[an_episode()], at=after(seconds=60))],
            True,
            id="told, and the integration took a message since",
        ),
        pytest.param(
            [TOLD_AT_T0, a_log_entry(perhaps=[an_episode()], at=after(seconds=60))],
            False,
            id="told, and whether the integration took one is not known",
        ),
        pytest.param(
            [replace(TOLD_AT_T0, firing=frozenset(), perhaps=TOLD_AT_T0.firing)],
            True,
            id="whether the fallback receiver took it is not known",
        ),
    ],
)
def test_the_fallback_receiver_is_told_again_only_after_the_integration_took_a_message(
    entries: list[LogEntry], told_again: bool
) -> None:
    told = {entry.stream: Told(stream=entry.stream, entry=entry) for entry in entries}
    dead = replace(DEAD, entry=a_log_entry(firing=[an_episode()], at=after(seconds=120)))
    assert bool(passed_on(Listener(), dead=dead, told=told)) is told_again


def test_the_fallback_receiver_is_not_told_twice_while_one_is_on_its_way() -> None:
    (first,) = passed_on(Listener())
    assert passed_on(Listener(), told={first.stream: Told(stream=first.stream, open=(first,))}) == []


def test_it_is_tried_for_a_quarter_of_an_hour() -> None:
    (delivery,) = passed_on(Listener())
    assert (delivery.created_at, delivery.next_at, delivery.deadline) == (LATER, LATER, after(seconds=1800))
    assert delivery.entry.at == T0
