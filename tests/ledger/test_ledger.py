"""The ledger: growth of raw counters, told apart by scope and time, whatever happens to the counters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.labels import LabelSet
from alertd.ledger.layout import Layout
from alertd.ledger.ledger import Ledger
from alertd.ledger.periods import Calendar, PeriodKind, Span
from alertd.query.batch import SeriesBatch
from alertd.query.history import SeriesMatrix

START = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NAN = float("nan")
LAYOUT = Layout(metric="spend", by=("tenant",), calendar=Calendar(kind=PeriodKind.DAY))


def series(name: str) -> LabelSet:
    """`a/pod-1` as tenant a on instance pod-1."""
    tenant, _, pod = name.partition("/")
    return LabelSet({"__name__": "spend", "tenant": tenant, "job": "gateway", "instance": pod or "pod-0"})


def batch(values: dict[str, float], at: datetime) -> SeriesBatch:
    return SeriesBatch(labels=tuple(map(series, values)), values=np.array([*values.values()], dtype=float), at=at)


def fed(*slots: dict[str, float], layout: Layout = LAYOUT, start: datetime = START) -> Ledger:
    ledger = Ledger(layout)
    for minute, values in enumerate(slots):
        at = start + minute * MINUTE
        ledger.advance(batch(values, at), at)
    return ledger


def spends(ledger: Ledger) -> dict[str, float]:
    return {scope["tenant"]: ledger.spend(scope) for scope in ledger.scopes}


@pytest.mark.parametrize(
    ("slots", "spent"),
    [
        pytest.param([{"a": 100}], {"a": 0}, id="the first value of all is where counting begins"),
        pytest.param([{"a": 100}, {"a": 107}, {"a": 110}], {"a": 10}, id="differences add up"),
        pytest.param([{"a": 100}, {"a": 107}, {"a": 3}], {"a": 10}, id="a counter that began again grew by its whole value"),
        pytest.param([{"a": 100, "b": 5}, {"a": 101, "b": 5}], {"a": 1, "b": 0}, id="a scope that spends nothing has spent 0"),
        pytest.param([{"a": 100}, {"a": 107, "b": 4}], {"a": 7, "b": 4}, id="a new series of a known target counts from zero"),
        pytest.param([{"a": 100}, {"a": 101, "a/pod-1": 6}], {"a": 7}, id="the series of a new pod count from zero"),
        pytest.param([{"a": 100}, {}, {"a": 108}], {"a": 8}, id="a series that comes back goes on"),
        pytest.param([{"a": 100}, {"a": NAN}, {"a": np.inf}, {"a": 108}], {"a": 8}, id="what is no number was not seen"),
        pytest.param([{"a": 9, "a/pod-1": 5}, {"a": 10, "a/pod-1": 1}, {"a": 12, "a/pod-1": 2}], {"a": 5}, id="resets are told per raw series"),
    ],
)  # fmt: skip
def test_what_counters_grew_by(slots: list[dict[str, float]], spent: dict[str, float]) -> None:
    assert spends(fed(*slots)) == pytest.approx(spent)


def test_a_target_that_is_older_than_our_watching_begins_at_its_first_value() -> None:
    ledger = fed({"a": 100}, {"a": 101})
    at = START + 2 * MINUTE
    ledger.advance(batch({"a": 102, "b/pod-1": 5000}, at), at, born=lambda target: target != ("gateway", "pod-1"))
    assert spends(ledger) == {"a": 2, "b": 0}
    ledger.advance(batch({"a": 102, "b/pod-1": 5003}, at + MINUTE), at + MINUTE, born=lambda target: False)
    assert spends(ledger) == {"a": 2, "b": 3}


def test_a_series_that_flaps_between_processes_is_a_lower_bound_and_says_so() -> None:
    flapping = [{"a": 1000.0 + slot, "b": 10.0} if slot % 2 else {"a": 400.0 + slot, "b": 10.0} for slot in range(30)]
    ledger = fed(*flapping)
    assert ledger.unreliable() == [LabelSet({"tenant": "a"})]
    # Its first rise cannot be told from spending; nothing is added by a drop.
    assert spends(ledger)["a"] < 1000
    steady = [{"a": 2000.0 + slot, "b": 10.0} for slot in range(100)]
    before = spends(ledger)["a"]
    for slot, values in enumerate(steady, start=30):
        ledger.advance(batch(values, START + slot * MINUTE), START + slot * MINUTE)
    assert ledger.unreliable() == []
    assert spends(ledger)["a"] == pytest.approx(before + 2099 - 1029)


def test_a_process_that_crashed_again_and_again_is_trusted_once_it_has_run_for_an_hour() -> None:
    crashing = [{"a": 5000.0}, *({"a": float(slot % 3)} for slot in range(20))]
    ledger = fed(*crashing, *({"a": 10.0 + slot} for slot in range(200)))
    assert ledger.unreliable() == []
    # Of the crashes nothing counts, nor of the hour after; from then on everything does.
    assert spends(ledger)["a"] == pytest.approx(140, abs=5)


def test_time_does_not_go_back() -> None:
    ledger = fed({"a": 1}, {"a": 2}, {"a": 3})
    ledger.advance(batch({"a": 50}, START), START)
    assert spends(ledger) == {"a": 2}


def test_growth_over_midnight_is_shared_by_the_two_days() -> None:
    midnight = START + timedelta(days=1)
    ledger = Ledger(LAYOUT)
    for at, value in ((midnight - 2 * MINUTE, 0.0), (midnight + 6 * MINUTE, 8.0)):
        ledger.advance(batch({"a": value}, at), at)
    known = ledger.days()
    assert known.days == (date(2026, 3, 2), date(2026, 3, 3))
    assert known.amounts[0].tolist() == pytest.approx([2.0, 6.0])
    assert known.complete.tolist() == [False, False]


def test_a_gap_is_counted_in_sum_and_marked() -> None:
    ledger = fed({"a": 0.0}, {"a": 1.0})
    back = START + timedelta(hours=2, minutes=1)
    ledger.advance(batch({"a": 61.0}, back), back)
    until = back + 119 * MINUTE
    for minute in range(1, 120):
        ledger.advance(batch({"a": 61.0 + minute}, back + minute * MINUTE), back + minute * MINUTE)
    period = Span(START, START + timedelta(days=1))
    known = ledger.completeness(period, at=until)
    assert known.imputed.tolist() == pytest.approx([60.0])
    assert known.share == pytest.approx(0.5)
    assert known.complete_from == START
    assert ledger.spend(LabelSet({"tenant": "a"})) == pytest.approx(180.0)


def test_a_ledger_that_began_within_the_period_says_since_when_it_knows() -> None:
    ledger = fed({"a": 0.0}, {"a": 1.0}, start=START + timedelta(hours=6))
    known = ledger.completeness(Span(START, START + timedelta(days=1)), at=START + timedelta(hours=6, minutes=1))
    assert known.complete_from == START + timedelta(hours=6)
    assert known.share == pytest.approx(1 / 361)


def test_a_day_on_which_clocks_change_is_complete_after_23_hours() -> None:
    zone = ZoneInfo("Europe/Berlin")
    layout = Layout(metric="spend", by=("tenant",), calendar=Calendar(kind=PeriodKind.DAY, zone=zone))
    begin = datetime(2026, 3, 28, 0, tzinfo=zone)
    slots = [{"a": float(hour)} for hour in range(24 + 23 + 2)]
    ledger = Ledger(layout)
    for hour, values in enumerate(slots):
        at = begin.astimezone(UTC) + timedelta(hours=hour)
        ledger.advance(batch(values, at), at, interval=timedelta(hours=1))
    known = ledger.days()
    assert [day.day for day in known.days] == [28, 29, 30]
    assert known.amounts[0].tolist() == pytest.approx([24.0, 23.0, 1.0])
    assert known.complete.tolist() == [True, True, False]


def test_old_buckets_are_days_and_nothing_of_their_sum_is_lost() -> None:
    ledger = Ledger(LAYOUT)
    for hour in range(24 * 60):
        at = START + timedelta(hours=hour)
        ledger.advance(batch({"a": float(hour)}, at), at, interval=timedelta(hours=1))
    known = ledger.days()
    assert known.amounts.shape == (1, 60)
    assert known.amounts[0, :-1].tolist() == pytest.approx([24.0] * 59)
    assert known.complete[:-1].all()
    assert len(ledger.dump()) < 60 * 1024
    assert ledger.spent(Span(START, START + timedelta(days=30))).tolist() == pytest.approx([720.0])


def test_a_memory_of_another_layout_is_of_no_use() -> None:
    saved = fed({"a": 0.0}, {"a": 1.0}).dump()
    weekly = Layout(metric="spend", by=("tenant",), calendar=Calendar(kind=PeriodKind.WEEK))
    assert Ledger.load(saved, weekly) is None
    assert Ledger.load(b"\x00", LAYOUT) is None
    assert Ledger.load(saved[:-10], LAYOUT) is None


# -- laws ----------------------------------------------------------------------------------------------------------------

NAMES = ("a", "a/pod-1", "b", "b/pod-1", "c/pod-2")
growths = st.one_of(st.floats(0, 100), st.just(0.0))
events = st.one_of(growths, st.sampled_from(["reset", "absent"]))
histories = st.lists(st.fixed_dictionaries(dict.fromkeys(NAMES, events)), min_size=2, max_size=30)
waits = st.lists(st.integers(1, 200), min_size=30, max_size=30)


def samples(history: Sequence[dict[str, float | str]], minutes: Sequence[int]) -> list[SeriesBatch]:
    """Counters with resets and absences, at uneven times."""
    values = dict.fromkeys(NAMES, 10.0)
    at, answers = START, []
    for events_now, wait in zip(history, minutes, strict=False):
        present = {}
        for name, event in events_now.items():
            if event == "reset":
                values[name] = 0.5
            elif isinstance(event, float):
                values[name] += event
            if event != "absent":
                present[name] = values[name]
        answers.append(batch(present, at))
        at += wait * MINUTE
    return answers


def advance(ledger: Ledger, answers: Iterable[SeriesBatch]) -> Ledger:
    for answer in answers:
        ledger.advance(answer, answer.at)
    return ledger


def matrix(answers: Sequence[SeriesBatch]) -> SeriesMatrix:
    rows = [dict(answer.samples()) for answer in answers]
    labels = tuple(one for one in map(series, NAMES) if any(one in row for row in rows))
    values = np.array([[row.get(one, NAN) for one in labels] for row in rows]).reshape(len(rows), len(labels))
    return SeriesMatrix(labels=labels, times=np.array([answer.at.timestamp() for answer in answers]), values=values)


def totals(ledger: Ledger) -> dict[LabelSet, list[float]]:
    days = ledger.days()
    return {scope: days.amounts[row].tolist() for row, scope in enumerate(ledger.scopes)}


@given(history=histories, minutes=waits, cuts=st.sets(st.integers(1, 29)))
def test_restarts_in_between_change_nothing(
    history: list[dict[str, float | str]], minutes: list[int], cuts: set[int]
) -> None:
    answers = samples(history, minutes)
    at_once, pieces = advance(Ledger(LAYOUT), answers), Ledger(LAYOUT)
    bounds = sorted({0, len(answers), *(cut for cut in cuts if cut < len(answers))})
    for first, last in pairwise(bounds):
        restored = Ledger.load(pieces.dump(), LAYOUT)
        assert restored is not None
        pieces = advance(restored, answers[first:last])
    assert pieces.dump() == at_once.dump()


@given(history=histories, minutes=waits, cut=st.integers(0, 29), twice=st.integers(0, 5))
def test_history_and_slots_lead_to_the_same_sums(
    history: list[dict[str, float | str]], minutes: list[int], cut: int, twice: int
) -> None:
    answers = samples(history, [5] * len(minutes))
    slots = advance(Ledger(LAYOUT), answers)
    read = Ledger(LAYOUT)
    read.learn(matrix(answers[:cut]))
    read.learn(matrix(answers[max(cut - twice, 0) :]))  # what was read already is not counted again
    assert {scope: pytest.approx(days) for scope, days in totals(slots).items()} == totals(read)


@given(history=histories, minutes=waits)
def test_spend_is_never_negative_and_never_more_than_what_was_seen(
    history: list[dict[str, float | str]], minutes: list[int]
) -> None:
    answers = samples(history, minutes)
    ledger = advance(Ledger(LAYOUT), answers)
    assert (ledger.days().amounts >= 0).all()
    assert (ledger.hours().amounts >= -1e-9).all()
    highest = sum(float(answer.values.sum()) for answer in answers)
    assert ledger.days().amounts.sum() <= highest + 1e-6


@given(history=histories, minutes=waits)
def test_the_scopes_sum_to_the_whole(history: list[dict[str, float | str]], minutes: list[int]) -> None:
    answers = samples(history, minutes)
    whole = Layout(metric="spend", by=(), calendar=Calendar(kind=PeriodKind.DAY))
    parts, total = advance(Ledger(LAYOUT), answers), advance(Ledger(whole), answers)
    assert parts.days().amounts.sum(axis=0).tolist() == pytest.approx(total.days().amounts.sum(axis=0).tolist())
