"""What a digest says, and of whom notifications are condensed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alertd.alerts.posted import PostedAlert
from alertd.labels import LabelSet
from alertd.notify.condense import crowding
from alertd.notify.digest import Digest, Tally
from alertd.notify.log import episodes
from alertd.notify.message import Status
from alertd.notify.outbox import Delivery, Kind
from alertd.notify.passed_on import part_instead_of, place_in
from tests.support.builders import T0, a_delivery, a_log_entry, a_posted_alert, a_stream, after
from tests.support.pipeline import FakeIntegration

URL = "http://am.example.org"


def about(*alerts: PostedAlert, group: str = "{}", part: str = "") -> Delivery:
    entry = a_log_entry(
        firing=episodes(alert for alert in alerts if alert.ends_at is None),
        resolved=episodes(alert for alert in alerts if alert.ends_at is not None),
        stream=a_stream(group_key=f'{{}}/{{team=~"a|b"}}:{group}', part=part),
    )
    return a_delivery(entry=entry)


def digest_of(*deliveries: tuple[Delivery, list[PostedAlert]], send_resolved: bool = True) -> Digest:
    tally = Tally()
    for delivery, alerts in deliveries:
        tally.add(delivery, alerts, send_resolved=send_resolved)
    return tally.digest("ops", external_url=URL, at=T0)


X = [a_posted_alert("Errors", severity="critical", x="1"), a_posted_alert("Errors", severity="critical", x="2")]
Y = [a_posted_alert("Latency", severity="warning"), a_posted_alert("Latency", x="1", ends_at=after(minutes=1))]


def test_it_counts_alerts_and_names_every_group_the_largest_first() -> None:
    digest = digest_of((about(Y[0], group='{alertname="Z"}'), Y), (about(*X, Y[1], group='{alertname="A"}'), [*X, *Y]))
    assert digest.title == "[DIGEST] 2 notifications: 3 firing, 1 resolved"
    assert digest.status is Status.FIRING
    assert digest.text.splitlines() == [
        "2 notifications were waiting at one time: this says what they would have said.",
        "Firing by severity: critical 2, warning 1",
        "Firing by name: Errors 2, Latency 1",
        "Resolved by severity: no severity 1",
        "Resolved by name: Latency 1",
        '- {alertname="A"}: 2 firing, 1 resolved',
        '- {alertname="Z"}: 1 firing',
        "http://am.example.org/#/alerts?receiver=ops",
    ]
    assert digest.groups[0].url == ("http://am.example.org/#/alerts?receiver=ops&filter=%7Balertname%3D%22A%22%7D")


def test_who_wants_no_resolved_alerts_hears_of_none() -> None:
    digest = digest_of((about(*Y), Y), send_resolved=False)
    assert digest.title == "[DIGEST] 1 notifications: 1 firing"
    assert "Resolved" not in digest.text


def test_when_all_is_over_it_is_resolved() -> None:
    digest = digest_of((about(Y[1]), Y))
    assert (digest.status, digest.message.status) == (Status.RESOLVED, Status.RESOLVED)


def test_alerts_that_are_no_longer_known_are_counted() -> None:
    assert "Firing by name: (name no longer known) 2" in digest_of((about(*X), [])).text


def test_it_stays_short_and_says_what_it_leaves_out() -> None:
    many = [a_posted_alert(f"A{number:03}") for number in range(1000)]
    digest = digest_of(*((about(one, group=f'{{alertname="{one.labels["alertname"]}"}}'), [one]) for one in many))
    assert len(digest.text.splitlines()) < 25
    assert "- and 985 more groups with 985 alerts" in digest.text
    assert "A009 1 and 990 more" in digest.text


def test_what_is_passed_on_is_said_by_who_did_not_take_it() -> None:
    part = part_instead_of("ops team/slack[0]", "0123456789abcdef")
    digest = digest_of(*((replace(about(one, part=part), kind=Kind.FALLBACK), X) for one in X))
    assert place_in(part) == "ops team/slack[0]"
    assert "ops team/slack[0] did not take 2 of them." in digest.facts
    assert digest.message.alerts[0].labels == LabelSet(
        {"alertname": "NotificationUndelivered", "receiver": "ops", "severity": "critical"}
    )


@pytest.mark.parametrize(
    ("digests", "is_fallback", "kinds"),
    [
        pytest.param(
            True, False, {Kind.FIRING, Kind.RESOLVED, Kind.REPEAT, Kind.FALLBACK}, id="with digests everything"
        ),
        pytest.param(False, False, None, id="without digests nothing"),
        pytest.param(False, True, {Kind.FALLBACK}, id="of the fallback receiver what is passed on to it"),
    ],
)
def test_what_is_condensed(digests: bool, is_fallback: bool, kinds: set[Kind] | None) -> None:
    channel = FakeIntegration(digests=digests)
    found = crowding([channel], [channel] if is_fallback else [])
    assert [set(one.kinds) for one in found] == ([kinds] if kinds else [])
