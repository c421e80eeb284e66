"""What saved alerts are worth after alertd was down."""

from datetime import timedelta

import pytest

from alertd.alerts.alert import Alert, State
from alertd.alerts.restore import restore
from alertd.labels import LabelSet
from tests.support.rules import T0, minute

A = LabelSet({"alertname": "A"})


def restored(alert: Alert, *, down: float) -> Alert | None:
    grace, tolerance = timedelta(minutes=10), timedelta(hours=1)
    return restore([alert], evaluated_at=T0, at=minute(down), grace=grace, tolerance=tolerance).get(A)


def an_alert(state: State) -> Alert:
    return Alert(
        labels=A,
        annotations={},
        value=1.0,
        state=state,
        active_at=minute(-5),
        fired_at=None if state is State.PENDING else T0,
    )


@pytest.mark.parametrize(
    ("down", "moved"),
    [
        pytest.param(0.1, 0, id="a restart of seconds changes nothing"),
        pytest.param(10, 0, id="up to the grace period it goes on as over missed slots"),
        pytest.param(11, 11, id="longer, and the outage does not count toward 'for'"),
        pytest.param(60, 60, id="up to the tolerance"),
        pytest.param(61, None, id="longer than the tolerance, and it starts afresh"),
        pytest.param(-1, 0, id="a clock set back counts as no outage"),
    ],
)
def test_a_pending_alert(down: float, moved: float | None) -> None:
    alert = restored(an_alert(State.PENDING), down=down)
    assert (alert.active_at if alert else None) == (None if moved is None else minute(-5 + moved))


@pytest.mark.parametrize("state", [State.FIRING, State.INACTIVE])
@pytest.mark.parametrize("down", [1, 30, 24 * 60])
def test_what_was_told_is_never_forgotten(state: State, down: float) -> None:
    assert restored(an_alert(state), down=down) == an_alert(state)
