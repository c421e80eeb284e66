"""How long who travels in which join."""

from __future__ import annotations

import pytest

from alertd.query.need import QueryNeed
from alertd.query.quarantine import Quarantine

A, B = QueryNeed("a"), QueryNeed("b")


def good(quarantine: Quarantine, times: int) -> None:
    for _ in range(times):
        quarantine.good(A)


def test_only_who_was_confined_is_inside() -> None:
    quarantine = Quarantine(50)
    quarantine.confine([A], 1)
    quarantine.good(B)

    assert dict(quarantine) == {A: 1}


@pytest.mark.parametrize(
    ("answers", "size"),
    [
        pytest.param(9, 1, id="before the term is over nothing changes"),
        pytest.param(10, 2, id="after a term the size doubles"),
        pytest.param(20, 4, id="and again"),
        pytest.param(59, 32, id="just before the last"),
        pytest.param(60, 50, id="never beyond the largest join"),
        pytest.param(70, None, id="forgotten after a term at full size"),
    ],
)
def test_good_answers_lead_back_step_by_step(answers: int, size: int | None) -> None:
    quarantine = Quarantine(50)
    quarantine.confine([A], 1)
    good(quarantine, answers)

    assert quarantine.get(A) == size


def test_a_relapse_doubles_the_term() -> None:
    quarantine = Quarantine(50)
    for _ in range(2):
        quarantine.confine([A], 1)
        good(quarantine, 10)

    assert quarantine[A] == 1
    good(quarantine, 10)
    assert quarantine[A] == 2


def test_halving_on_without_a_good_answer_is_no_relapse() -> None:
    quarantine = Quarantine(50)
    for size in (25, 12, 6):
        quarantine.confine([A], size)
    good(quarantine, 10)

    assert quarantine[A] == 12


def test_a_join_has_at_least_one_part() -> None:
    quarantine = Quarantine(50)
    quarantine.confine([A], 0)

    assert quarantine[A] == 1


def test_it_does_not_grow_without_end() -> None:
    quarantine = Quarantine(50)
    quarantine.confine((QueryNeed(str(number)) for number in range(20_000)), 1)

    assert len(quarantine) == 10_000
    assert QueryNeed("19999") in quarantine
