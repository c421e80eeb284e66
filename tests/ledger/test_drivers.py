"""Who spent it, and why it is more than before."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.ledger.drivers import Change, Driver, split_change, top_drivers
from alertd.ledger.flow import Line


def test_the_largest_parts_of_a_scope_come_first() -> None:
    lines = [Line(0, "small"), Line(0, "large", "input"), Line(0, "large", "output"), Line(0, "idle")]
    values = np.array([10.0, 50.0, 40.0, 0.0])
    assert top_drivers(lines, values) == [Driver("large", 90.0, 0.9), Driver("small", 10.0, 0.1)]
    assert top_drivers(lines, values, most=1) == [Driver("large", 90.0, 0.9)]
    assert top_drivers([], np.empty(0)) == []


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [
        pytest.param([(10, 10), (0, 0)], [(20, 20), (0, 0)], Change(10, 0, 0), id="twice as much of the same"),
        pytest.param([(10, 10), (0, 0)], [(10, 30), (0, 0)], Change(0, 0, 20), id="the same at thrice the price"),
        pytest.param([(10, 10), (10, 50)], [(0, 0), (20, 100)], Change(0, 40, 0), id="the dearer model instead"),
        pytest.param([(10, 10), (0, 0)], [(0, 0), (10, 50)], Change(0, 40, 0), id="a new model instead"),
        pytest.param([(0, 0), (0, 0)], [(10, 10), (0, 0)], Change(0, 0, 0), id="nothing to compare with"),
    ],
)
def test_why_it_is_more(before: list[tuple[float, float]], now: list[tuple[float, float]], change: Change) -> None:
    (q0, v0), (q1, v1) = np.array(before, dtype=float).T, np.array(now, dtype=float).T
    found = split_change(q0, v0, q1, v1)
    assert (found.volume, found.mix, found.price) == pytest.approx((change.volume, change.mix, change.price))


amounts = st.lists(st.floats(0.1, 1e6), min_size=3, max_size=3).map(np.array)


@given(q0=amounts, v0=amounts, q1=amounts, v1=amounts)
def test_the_three_add_up_to_the_difference(q0: np.ndarray, v0: np.ndarray, q1: np.ndarray, v1: np.ndarray) -> None:
    found = split_change(q0, v0, q1, v1)
    assert found.volume + found.mix + found.price == pytest.approx(v1.sum() - v0.sum(), rel=1e-6, abs=1e-3)
