"""What is worth an event, and what it says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alertd.alerts.alert import Alert, Resolution, State
from alertd.alerts.posted import PostedAlert
from alertd.dispatch.inhibition import Inhibition
from alertd.dispatch.mutes import MutedAlert, Mutes
from alertd.labels import LabelSet
from alertd.notify.history import mute_changes, mute_texts, posted_transition, transitions
from tests.support.builders import T0, a_flush, a_posted_alert, after, an_alert

PENDING = an_alert(state=State.PENDING)
FIRING = an_alert(state=State.FIRING)
ENDED = replace(FIRING, state=State.INACTIVE, resolved_at=T0, resolution=Resolution.CLEARED, resolved_value=0.5)


@pytest.mark.parametrize(
    ("before", "now", "events"),
    [
        pytest.param(None, PENDING, [("pending", "")], id="it begins"),
        pytest.param(None, FIRING, [("firing", "")], id="it begins without a wait"),
        pytest.param(PENDING, FIRING, [("firing", "")], id="it has held"),
        pytest.param(FIRING, ENDED, [("resolved", "condition no longer true")], id="it ends"),
        pytest.param(ENDED, PENDING, [("pending", "")], id="it begins again"),
        pytest.param(FIRING, replace(FIRING, value=7.0), [], id="another value is no change of state"),
        pytest.param(FIRING, replace(FIRING, last_sent_at=T0), [], id="nor is handing it on again"),
        pytest.param(
            PENDING, None, [("inactive", "no longer true before it had held for long enough")], id="too short"
        ),
        pytest.param(ENDED, None, [], id="that it is forgotten is no news"),
    ],
)
def test_changes_of_state_are_events(before: Alert | None, now: Alert | None, events: list[tuple[str, str]]) -> None:
    found = transitions(
        {before.labels: before} if before else {},
        changed=[now] if now else [],
        dropped=[] if now or not before else [before.labels],
        external_labels={},
        at=T0,
    )
    assert [(event.what, event.why) for event in found] == events


def test_an_alert_is_known_by_the_labels_it_is_handed_on_with() -> None:
    [event] = transitions({}, changed=[FIRING], dropped=[], external_labels={"region": "eu"}, at=T0)
    labels = LabelSet({**FIRING.labels, "region": "eu"})
    assert (event.fingerprint, event.facts["labels"]) == (labels.fingerprint, dict(labels))


def test_the_end_has_the_value_of_its_time() -> None:
    [event] = transitions({FIRING.labels: FIRING}, changed=[ENDED], dropped=[], external_labels={}, at=T0)
    assert event.facts["value"] == 0.5


A = a_posted_alert()
OVER = replace(A, ends_at=T0)


@pytest.mark.parametrize(
    ("before", "now", "what"),
    [
        pytest.param(None, A, "firing", id="a new one"),
        pytest.param(A, replace(A, updated_at=after(minutes=1)), None, id="posted again"),
        pytest.param(A, replace(A, starts_at=after(minutes=-1)), None, id="posted with an earlier start"),
        pytest.param(A, OVER, "resolved", id="its end"),
        pytest.param(OVER, OVER, None, id="its end, posted again"),
        pytest.param(None, OVER, None, id="the end of what nobody heard of"),
        pytest.param(OVER, replace(A, starts_at=after(minutes=1)), "firing", id="a new episode"),
    ],
)
def test_posts_that_change_the_state_are_events(before: PostedAlert | None, now: PostedAlert, what: str | None) -> None:
    event = posted_transition(before, now, at=T0)
    assert (event.what if event else None) == what


def test_what_holds_an_alert_back_is_told_when_it_changes() -> None:
    silenced = Mutes(silenced_by=("1", "2"))
    inhibited = Mutes(inhibited_by=(Inhibition(source="beef", rule="inhibit_rules[0]"),), muted_by=("night",))

    def flush(mutes: Mutes | None) -> list[tuple[str, str]]:
        nonlocal on_record
        muted = [MutedAlert(alert=A, why=mutes)] if mutes else []
        texts = mute_texts(muted)
        changes = mute_changes(on_record, texts, a_flush(*([] if mutes else [A])), at=T0)
        on_record = texts
        return [(event.what, event.why) for event in changes]

    on_record: dict[LabelSet, str] = {}
    assert flush(silenced) == [("held back", "silenced by 1, 2")]
    assert flush(silenced) == []
    assert flush(inhibited) == [("held back", "inhibited by inhibit_rules[0]; muted in night")]
    assert flush(None) == [("let through", "")]
    assert flush(None) == []
