"""Which number an integration goes by."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.notify.numbering import Configured, Numbered, number


def some(letters: str, *, receiver: str = "ops", integration: str = "webhook") -> list[Configured]:
    """One integration per letter, which is its identity."""
    return [Configured(receiver=receiver, integration=integration, identity=letter) for letter in letters]


def numbers_of(numbers: list[Numbered]) -> list[int]:
    return [one.index for one in numbers]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param("", "abc", [0, 1, 2], id="at the first start numbers are positions"),
        pytest.param("abc", "abc", [0, 1, 2], id="the same configuration changes nothing"),
        pytest.param("a", "za", [1, 0], id="one put before another gets a new number"),
        pytest.param("abc", "cab", [2, 0, 1], id="another order changes no number"),
        pytest.param("ab", "b", [1], id="who stays keeps its number when one before it is taken away"),
        pytest.param("ab", "zb", [2, 1], id="a number of one that is gone is not given again"),
        pytest.param("aba", "aab", [0, 2, 1], id="equal ones are told apart by their order"),
        pytest.param("aa", "a", [0], id="of equal ones the first stays"),
        pytest.param("a", "aa", [0, 1], id="an equal one more is new"),
        pytest.param("ab", "", [], id="nobody needs no number"),
    ],
)
def test_numbers_after_a_reload(before: str, after: str, expected: list[int]) -> None:
    assert numbers_of(number(number([], some(before)), some(after))) == expected


def test_receivers_and_kinds_are_numbered_by_themselves() -> None:
    wanted = some("a") + some("a", receiver="dev") + some("a", integration="slack") + some("b")
    assert numbers_of(number([], wanted)) == [0, 0, 0, 1]


def test_one_that_comes_back_has_its_number_again() -> None:
    first = number([], some("ab"))
    second = number(first, some("zb"))
    assert numbers_of(number({*first, *second}, some("az"))) == [0, 2]


CONFIGURED = st.builds(
    Configured,
    receiver=st.sampled_from(["ops", "dev"]),
    integration=st.sampled_from(["webhook", "slack"]),
    identity=st.sampled_from("abcd"),
)
CONFIGURATIONS = st.lists(st.lists(CONFIGURED, max_size=8), max_size=4)


def known_after(configurations: list[list[Configured]]) -> set[Numbered]:
    """Every number that was given while one configuration took the place of another."""
    known: set[Numbered] = set()
    for wanted in configurations:
        known |= set(number(known, wanted))
    return known


@given(CONFIGURATIONS)
def test_no_number_is_ever_given_to_two(configurations: list[list[Configured]]) -> None:
    known = known_after(configurations)
    places = {(one.configured.receiver, one.configured.integration, one.index) for one in known}
    assert len(places) == len(known)


@given(CONFIGURATIONS, st.lists(CONFIGURED, max_size=8), st.lists(CONFIGURED, max_size=8))
def test_who_stays_keeps_its_number(
    configurations: list[list[Configured]], staying: list[Configured], others: list[Configured]
) -> None:
    known = known_after(configurations)
    before = number(known, staying)
    new = [one for one in others if one not in staying]
    after = number(known | set(before), [*new, *staying])
    assert after[len(new) :] == before


@given(CONFIGURATIONS, st.data())
def test_the_order_does_not_matter_for_those_known(configurations: list[list[Configured]], data: st.DataObject) -> None:
    known = known_after(configurations)
    wanted = [one.configured for one in known]
    assert set(number(known, data.draw(st.permutations(wanted)))) == known


@given(CONFIGURATIONS, st.lists(CONFIGURED, max_size=8))
def test_every_integration_gets_its_own_in_the_order_asked(
    configurations: list[list[Configured]], wanted: list[Configured]
) -> None:
    numbers = number(known_after(configurations), wanted)
    assert [one.configured for one in numbers] == wanted
    assert len(set(numbers)) == len(wanted)
