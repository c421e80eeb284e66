"""What is new in a notification, and an alert's numbers in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from alertd.alerts.posted import PostedAlert
from alertd.notify.changes import Changes, changes, duration, value_text
from alertd.notify.log import LogEntry
from tests.support.builders import T0, a_log_entry, a_posted_alert, after, an_episode

A, B, C = (a_posted_alert(name) for name in "ABC")
A_RESOLVED, B_RESOLVED = (a_posted_alert(name, ends_at=after(minutes=1)) for name in "AB")
A_AGAIN = a_posted_alert("A", starts_at=after(minutes=2))
EP_A, EP_B = an_episode("A"), an_episode("B")


@pytest.mark.parametrize(
    ("known", "alerts", "text"),
    [
        pytest.param(None, [A, B], "2 new", id="nothing was told before"),
        pytest.param(None, [], "", id="nothing at all"),
        pytest.param(a_log_entry(firing=[EP_A]), [A, B], "1 new, 1 still firing", id="one more"),
        pytest.param(a_log_entry(firing=[EP_A, EP_B]), [A, B_RESOLVED], "1 resolved, 1 still firing", id="one less"),
        pytest.param(a_log_entry(firing=[EP_A], resolved=[EP_B]), [A, B_RESOLVED], "1 still firing", id="told before"),
        pytest.param(a_log_entry(firing=[EP_A]), [A_AGAIN], "1 new", id="a new episode"),
        pytest.param(a_log_entry(perhaps=[EP_A]), [A], "1 new", id="perhaps told is not told"),
        pytest.param(a_log_entry(firing=[EP_B]), [A, B_RESOLVED, C], "2 new, 1 resolved", id="new ones and an end"),
    ],
)
def test_changes(known: LogEntry | None, alerts: Sequence[PostedAlert], text: str) -> None:
    assert str(changes(known, alerts)) == text


def test_changes_name_the_alerts() -> None:
    assert changes(a_log_entry(firing=[EP_A, EP_B]), [A_RESOLVED, B, C]) == Changes(
        new=frozenset({C.fingerprint}), resolved=frozenset({A.fingerprint}), still_firing=1
    )


SPEND = replace(a_posted_alert("Spend", value=1234.5, threshold=1000.0), unit="USD", peak=2000.0)


@pytest.mark.parametrize(
    ("alert", "text"),
    [
        pytest.param(a_posted_alert("A"), "", id="of others nothing is known"),
        pytest.param(SPEND, "value 1,234.5 USD, threshold 1,000 USD, for 5m 0s", id="while it fires"),
        pytest.param(
            replace(SPEND, ends_at=after(minutes=2), resolved_value=0.0),
            "value 0 USD at its end, peak 2,000 USD, threshold 1,000 USD, after 2m 0s",
            id="at its end",
        ),
        pytest.param(
            replace(SPEND, ends_at=after(minutes=2)),
            "peak 2,000 USD, threshold 1,000 USD, after 2m 0s",
            id="at its end nothing was measured",
        ),
        pytest.param(a_posted_alert("A", value=1.5e9), "value 1.5G, for 5m 0s", id="large"),
        pytest.param(a_posted_alert("A", value=-2.5e-5), "value -25u, for 5m 0s", id="small"),
        pytest.param(
            replace(a_posted_alert("A", value=0.04112, threshold=0.05), unit="ratio"),
            "value 4.112%, threshold 5%, for 5m 0s",
            id="a ratio",
        ),
    ],
)
def test_values_in_words(alert: PostedAlert, text: str) -> None:
    assert value_text(alert, at=after(minutes=5)) == text


def test_what_begins_in_the_future_has_not_lasted_yet() -> None:
    assert duration(a_posted_alert("A", starts_at=after(minutes=1)), at=T0) == timedelta(0)
