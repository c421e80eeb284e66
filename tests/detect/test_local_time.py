"""Parts of the local day and week."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from alertd.detect.local_time import Moment

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("utc", "hour"),
    [
        pytest.param(datetime(2026, 3, 29, 0, 30, tzinfo=UTC), 1, id="before the hour that is left out"),
        pytest.param(datetime(2026, 3, 29, 1, 30, tzinfo=UTC), 3, id="after it"),
        pytest.param(datetime(2026, 10, 25, 0, 30, tzinfo=UTC), 2, id="the hour that comes twice"),
        pytest.param(datetime(2026, 10, 25, 1, 30, tzinfo=UTC), 2, id="the same part of the day again"),
        pytest.param(datetime(2026, 10, 25, 2, 30, tzinfo=UTC), 3, id="after both"),
    ],
)
def test_the_part_of_the_day_is_the_wall_clocks(utc, hour):
    at = utc.timestamp()
    one = Moment.of(at, np.zeros(1), BERLIN)
    many = Moment.of(np.array([at, at]), np.zeros(2), BERLIN)
    assert int(one.of_day * 24) == hour
    assert (np.asarray(many.of_day) * 24).astype(int).tolist() == [hour, hour]


@pytest.mark.parametrize(("day", "part"), [(2, 0), (4, 2), (8, 6), (9, 0)])
def test_weeks_begin_on_monday(day, part):
    at = datetime(2026, 3, day, 12, tzinfo=UTC).timestamp()
    assert int(Moment.of(at, np.zeros(1), UTC).of_week * 7) == part
