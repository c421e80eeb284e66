"""Is a notification owed, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from alertd.alerts.posted import PostedAlert
from alertd.notify.log import LogEntry
from alertd.notify.reason import Reason, needs_update
from tests.support.builders import T0, a_flush, a_log_entry, a_posted_alert, after, an_episode

A, B = a_posted_alert("A"), a_posted_alert("B")
A_RESOLVED, B_RESOLVED = (a_posted_alert(name, ends_at=after(minutes=1)) for name in "AB")
A_AGAIN = a_posted_alert("A", starts_at=after(minutes=2))
A_BEFORE = a_posted_alert("A", starts_at=after(minutes=-2))
A_BEFORE_RESOLVED = a_posted_alert("A", starts_at=after(minutes=-2), ends_at=after(minutes=1))
EP_A, EP_B = an_episode("A"), an_episode("B")
REPEAT = timedelta(hours=4)


@pytest.mark.parametrize(
    ("entry", "alerts", "reason"),
    [
        pytest.param(None, [A], Reason.FIRST_NOTIFICATION, id="never told"),
        pytest.param(None, [A_RESOLVED], None, id="nobody is told the end of what nobody was told"),
        pytest.param(None, [A, B_RESOLVED], Reason.FIRST_NOTIFICATION, id="a resolved member rides along"),
        pytest.param(a_log_entry(resolved=[EP_A]), [A], Reason.FIRST_NOTIFICATION, id="all was over"),
        pytest.param(a_log_entry(firing=[EP_A]), [A], None, id="told already"),
        pytest.param(a_log_entry(firing=[EP_A]), [A, B], Reason.NEW_ALERTS, id="one more"),
        pytest.param(a_log_entry(firing=[EP_A]), [A_AGAIN], Reason.NEW_ALERTS, id="a new episode is a new alert"),
        pytest.param(a_log_entry(firing=[EP_A]), [A_BEFORE], None, id="an earlier start is a correction, no new alert"),
        pytest.param(
            a_log_entry(firing=[EP_B], resolved=[EP_A]), [B, A_BEFORE_RESOLVED], None, id="nor is it a new end"
        ),
        pytest.param(a_log_entry(firing=[EP_A, EP_B]), [A, B_RESOLVED], Reason.SOME_RESOLVED, id="one less"),
        pytest.param(a_log_entry(firing=[EP_A], resolved=[EP_B]), [A, B_RESOLVED], None, id="the end was told already"),
        pytest.param(
            a_log_entry(firing=[EP_A]), [A, B_RESOLVED], Reason.SOME_RESOLVED, id="came and went between two ticks"
        ),
        pytest.param(a_log_entry(firing=[EP_A]), [A_RESOLVED], Reason.ALL_RESOLVED, id="all over"),
        pytest.param(a_log_entry(perhaps=[EP_A]), [A_RESOLVED], Reason.ALL_RESOLVED, id="over, and perhaps told"),
        pytest.param(a_log_entry(perhaps=[EP_A]), [A], Reason.FIRST_NOTIFICATION, id="perhaps told is not told"),
    ],
)
def test_reasons(entry: LogEntry | None, alerts: list[PostedAlert], reason: Reason | None) -> None:
    flush = a_flush(*alerts)
    assert needs_update(entry, flush, send_resolved=True, repeat_interval=REPEAT, at=after(minutes=3)) is reason


def test_without_send_resolved_a_partial_end_is_no_news_but_the_whole_end_is() -> None:
    entry = a_log_entry(firing=[EP_A, EP_B])

    def reason(*alerts: PostedAlert) -> Reason | None:
        return needs_update(entry, a_flush(*alerts), send_resolved=False, repeat_interval=REPEAT, at=T0)

    assert reason(A, B_RESOLVED) is None
    assert reason(A_RESOLVED, B_RESOLVED) is Reason.ALL_RESOLVED


@pytest.mark.parametrize(
    ("passed", "reason"),
    [
        pytest.param(REPEAT - timedelta(microseconds=1), None, id="not before repeat_interval"),
        pytest.param(REPEAT, Reason.REPEAT_INTERVAL, id="at the tick where repeat_interval has passed"),
    ],
)
def test_reminders(passed: timedelta, reason: Reason | None) -> None:
    entry = a_log_entry(firing=[EP_A], at=T0)
    assert needs_update(entry, a_flush(A), send_resolved=True, repeat_interval=REPEAT, at=T0 + passed) is reason


def test_a_group_of_alerts_that_are_told_once_is_never_repeated() -> None:
    entry = a_log_entry(firing=[EP_A, EP_B], at=T0)
    once, twice = (replace(alert, told_once=True) for alert in (A, B))

    def reason(*alerts: PostedAlert) -> Reason | None:
        return needs_update(entry, a_flush(*alerts), send_resolved=True, repeat_interval=REPEAT, at=T0 + 9 * REPEAT)

    assert reason(once, twice) is None
    assert reason(once, B) is Reason.REPEAT_INTERVAL
    assert reason(replace(once, starts_at=after(minutes=2)), twice) is Reason.NEW_ALERTS
