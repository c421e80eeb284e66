"""Silences: whom they mute, how they are changed, and the order they are listed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.dispatch.silence_index import Silences
from alertd.dispatch.silences import (
    Silence,
    SilenceDraft,
    SilenceError,
    SilenceState,
    UnknownSilenceError,
    expire_silence,
    listed,
    save_silence,
    silence_matchers,
)
from alertd.labels import LabelSet
from alertd.labels.matcher import Matcher, Matchers, Op, all_match
from alertd.labels.matcher_parse import parse_matchers
from tests.support.builders import T0, after
from tests.support.matchers import LABEL_SETS, MATCHER_LISTS

HOUR = timedelta(hours=1)


def a_draft(
    matchers: str = 'a="1"', *, starts_at: datetime = T0, ends_at: datetime | None = None, **more: str
) -> SilenceDraft:
    return SilenceDraft(
        matchers=parse_matchers(matchers), starts_at=starts_at, ends_at=ends_at or starts_at + HOUR, **more
    )


def a_silence(
    matchers: str | Matchers = 'a="1"',
    silence_id: str = "one",
    *,
    starts_at: datetime = T0,
    ends_at: datetime | None = None,
) -> Silence:
    return Silence(
        id=silence_id,
        matchers=parse_matchers(matchers) if isinstance(matchers, str) else matchers,
        starts_at=starts_at,
        ends_at=ends_at or starts_at + HOUR,
        updated_at=starts_at,
    )


@pytest.mark.parametrize(
    ("at", "state"),
    [
        pytest.param(after(seconds=-1), SilenceState.PENDING, id="before it begins"),
        pytest.param(T0, SilenceState.ACTIVE, id="when it begins"),
        pytest.param(after(minutes=59), SilenceState.ACTIVE, id="before it ends"),
        pytest.param(after(hours=1), SilenceState.EXPIRED, id="when it ends"),
    ],
)
def test_state(at: datetime, state: SilenceState) -> None:
    assert a_silence().state(at) is state


class TestNewSilences:
    def test_a_start_in_the_past_is_now(self) -> None:
        change = save_silence(None, a_draft(starts_at=T0), new_id="one", at=after(minutes=5))
        assert change.id == "one"
        (silence,) = change.silences
        assert (silence.starts_at, silence.ends_at, silence.updated_at) == (
            after(minutes=5),
            after(hours=1),
            after(minutes=5),
        )

    def test_a_start_in_the_future_stays(self) -> None:
        (silence,) = save_silence(None, a_draft(starts_at=after(hours=2)), new_id="one", at=T0).silences
        assert silence.state(T0) is SilenceState.PENDING

    @pytest.mark.parametrize(
        ("draft", "problem"),
        [
            pytest.param(
                a_draft(starts_at=T0, ends_at=T0),
                "Failed to create silence: start time must be before end time",
                id="no time",
            ),
            pytest.param(
                a_draft(starts_at=after(hours=-2)),
                "Failed to create silence: end time can't be in the past",
                id="over already",
            ),
            pytest.param(a_draft("{}"), "silence invalid: at least one matcher required", id="no matchers"),
            pytest.param(
                a_draft('a=""'), "silence invalid: at least one matcher must not match the empty string", id="absent"
            ),
            pytest.param(
                a_draft('a=~".*",b=""'),
                "silence invalid: at least one matcher must not match the empty string",
                id="anything",
            ),
        ],
    )
    def test_bad_silences_are_refused(self, draft: SilenceDraft, problem: str) -> None:
        with pytest.raises(SilenceError) as raised:
            save_silence(None, draft, new_id="one", at=T0)
        assert str(raised.value) == problem

    @pytest.mark.parametrize("matchers", ['a!=""', 'a!="x"', 'a!~"x"', 'a="",b="1"'])
    def test_one_matcher_that_asks_for_something_or_is_negative_suffices(self, matchers: str) -> None:
        assert save_silence(None, a_draft(matchers), new_id="one", at=T0).id == "one"

    @pytest.mark.parametrize(
        ("parts", "problem"),
        [
            pytest.param(("", Op.EQUAL, "x"), 'invalid label matcher 1: invalid label name ""', id="no name"),
            pytest.param(
                ("a", Op.REGEX, "("),
                'invalid label matcher 1: invalid regular expression "(": error parsing regexp: missing closing ): `(`',
                id="a bad pattern",
            ),
            pytest.param(
                ("a", Op.NOT_REGEX, "a)(b"),
                'invalid label matcher 1: invalid regular expression "a)(b": '
                "error parsing regexp: unexpected ): `a)(b`",
                id="one that the anchors would mend",
            ),
        ],
    )
    def test_bad_matchers_are_refused_with_their_number(self, parts: tuple[str, Op, str], problem: str) -> None:
        with pytest.raises(SilenceError) as raised:
            silence_matchers([("a", Op.EQUAL, "1"), parts])
        assert str(raised.value) == f"silence invalid: {problem}"

    def test_matchers_of_parts(self) -> None:
        assert silence_matchers([("service.name", Op.REGEX, "a.*")]) == (Matcher("service.name", Op.REGEX, "a.*"),)


PENDING = a_silence(starts_at=after(hours=1))
ACTIVE = a_silence(starts_at=T0 + timedelta(milliseconds=1))
EXPIRED = a_silence(starts_at=after(hours=-2))


class TestChanges:
    @pytest.mark.parametrize(
        ("known", "draft"),
        [
            pytest.param(ACTIVE, a_draft(starts_at=T0, ends_at=after(hours=9)), id="another end, less precise start"),
            pytest.param(ACTIVE, a_draft(starts_at=T0, comment="why", created_by="me"), id="another comment"),
            pytest.param(PENDING, a_draft(starts_at=after(hours=3)), id="another start that is not past, if pending"),
        ],
    )
    def test_keep_the_id_where_it_mutes_the_same(self, known: Silence, draft: SilenceDraft) -> None:
        change = save_silence(known, replace(draft, id="one"), new_id="two", at=after(minutes=5))
        assert change.id == "one"
        (saved,) = change.silences
        assert (saved.starts_at, saved.ends_at, saved.comment, saved.created_by) == (
            draft.starts_at,
            draft.ends_at,
            draft.comment,
            draft.created_by,
        )
        assert saved.updated_at == after(minutes=5)

    @pytest.mark.parametrize(
        ("known", "draft"),
        [
            pytest.param(ACTIVE, a_draft('a="2"'), id="other matchers"),
            pytest.param(a_silence('a="1",b="2"'), a_draft('b="2",a="1"'), id="another order of matchers"),
            pytest.param(ACTIVE, a_draft(starts_at=after(seconds=1)), id="an active one's start"),
            pytest.param(PENDING, a_draft(starts_at=T0), id="a pending one begins now"),
        ],
    )
    def test_end_the_old_one_and_begin_another_otherwise(self, known: Silence, draft: SilenceDraft) -> None:
        now = after(minutes=5)
        change = save_silence(known, replace(draft, id="one"), new_id="two", at=now)
        assert change.id == "two"
        old, new = change.silences
        assert (old.id, old.state(now), old.ends_at) == ("one", SilenceState.EXPIRED, now)
        assert (new.id, new.starts_at, new.matchers) == ("two", max(now, draft.starts_at), draft.matchers)

    def test_an_expired_one_is_not_woken(self) -> None:
        change = save_silence(EXPIRED, a_draft(), new_id="two", at=T0)
        assert [silence.id for silence in change.silences] == ["two"]

    def test_an_unknown_one_is_not_found(self) -> None:
        with pytest.raises(UnknownSilenceError, match="silence not found"):
            save_silence(None, replace(a_draft(), id="one"), new_id="two", at=T0)

    def test_a_bad_change_ends_nothing(self) -> None:
        with pytest.raises(SilenceError, match="at least one matcher required"):
            save_silence(ACTIVE, replace(a_draft("{}"), id="one"), new_id="two", at=after(minutes=1))


class TestExpire:
    @pytest.mark.parametrize(
        ("known", "starts_at"),
        [
            pytest.param(ACTIVE, ACTIVE.starts_at, id="an active one ends now"),
            pytest.param(PENDING, after(minutes=5), id="a pending one begins and ends now"),
        ],
    )
    def test_ends_it_now(self, known: Silence, starts_at: datetime) -> None:
        now = after(minutes=5)
        (ended,) = expire_silence(known, at=now).silences
        assert (ended.starts_at, ended.ends_at, ended.updated_at) == (starts_at, now, now)
        assert expire_silence(ended, at=now).silences == (), "once is enough"

    def test_an_expired_one_stays_as_it_is(self) -> None:
        assert expire_silence(EXPIRED, at=T0).silences == ()

    def test_an_unknown_one_is_not_found(self) -> None:
        with pytest.raises(UnknownSilenceError):
            expire_silence(None, at=T0)


class TestListed:
    SILENCES = (
        a_silence(silence_id="over long ago", starts_at=after(hours=-9)),
        a_silence(silence_id="later", starts_at=after(hours=2)),
        a_silence(silence_id="ends late", ends_at=after(hours=5)),
        a_silence(silence_id="just over", starts_at=after(hours=-2)),
        a_silence('b="1",a="1"', silence_id="ends soon"),
        a_silence('a!="1"', silence_id="soon", starts_at=after(hours=1)),
    )

    def ids(self, **filters: object) -> Sequence[str]:
        return [silence.id for silence in listed(self.SILENCES, at=T0, **filters)]  # type: ignore[arg-type]

    def test_active_then_pending_then_expired(self) -> None:
        assert self.ids() == ["ends soon", "ends late", "soon", "later", "just over", "over long ago"]

    def test_by_matchers_they_have_not_by_what_they_match(self) -> None:
        assert self.ids(matchers=parse_matchers('b="1"')) == ["ends soon"]
        assert self.ids(matchers=parse_matchers('a!="1"')) == ["soon"]
        assert self.ids(matchers=parse_matchers('a=~"1"')) == []

    def test_by_state(self) -> None:
        assert self.ids(states={SilenceState.PENDING}) == ["soon", "later"]


class TestMuting:
    def test_all_that_match_are_named_in_order(self) -> None:
        silences = Silences(
            [a_silence('alertname=~"T.*",a!="x"', "4"), a_silence('a=~"y|z"', "3"), a_silence('a="q"', "2")]
        )
        silences.put(a_silence('alertname=~"T.*",a=""', "1"))
        asked = {value: silences.muted_by(LabelSet({"alertname": "T", "a": value}), T0) for value in ("x", "y", "")}
        assert asked == {"x": (), "y": ("3", "4"), "": ("1", "4")}

    def test_only_while_it_is_active(self) -> None:
        silences = Silences([a_silence(starts_at=after(minutes=5), ends_at=after(minutes=10))])
        muted = [bool(silences.muted_by(LabelSet({"a": "1"}), after(minutes=minute))) for minute in (4, 5, 9, 10, 11)]
        assert muted == [False, True, True, False, False]

    def test_what_changes_counts_at_once(self) -> None:
        labels = LabelSet({"a": "1"})
        silences = Silences([a_silence()])
        assert silences.muted_by(labels, T0) == ("one",)
        silences.put(a_silence(ends_at=after(minutes=1)))
        assert silences.muted_by(labels, after(minutes=2)) == ()
        silences.put(a_silence(ends_at=after(hours=9)))
        assert silences.muted_by(labels, after(hours=8)) == ("one",)
        silences.drop("one")
        silences.drop("one")
        assert silences.muted_by(labels, T0) == ()
        assert (len(silences), list(silences), silences.get("one")) == (0, [], None)

    def test_expired_ones_are_kept_for_a_while(self) -> None:
        silences = Silences([a_silence(silence_id="old"), a_silence(silence_id="new", ends_at=after(hours=3))])
        assert silences.muted_by(LabelSet({"a": "1"}), after(hours=4)) == ()
        assert len(silences) == 2
        assert silences.ended_before(after(hours=2)) == ["old"]


@given(
    st.lists(st.tuples(st.integers(0, 4), st.one_of(MATCHER_LISTS, st.none())), max_size=10),
    st.lists(LABEL_SETS, max_size=3),
    st.integers(-10, 80),
)
def test_a_silence_mutes_if_and_only_if_it_is_active_and_all_its_matchers_match(
    changes: list[tuple[int, Matchers | None]], label_sets: list[LabelSet], minutes: int
) -> None:
    index, known, at = Silences(), dict[str, Silence](), after(minutes=minutes)
    for number, matchers in changes:
        if matchers is None:
            index.drop(str(number))
            known.pop(str(number), None)
        else:
            known[str(number)] = a_silence(matchers, str(number))
            index.put(known[str(number)])
        for labels in label_sets:
            assert index.muted_by(labels, at) == tuple(
                silence.id
                for _, silence in sorted(known.items())
                if silence.state(at) is SilenceState.ACTIVE and all_match(silence.matchers, labels)
            )


DRAFTS = st.builds(
    lambda matchers, start, length: a_draft(
        matchers, starts_at=after(minutes=start), ends_at=after(minutes=start + length)
    ),
    st.sampled_from(['a="1"', 'a="2"']),
    st.integers(-5, 90),
    st.integers(1, 90),
)


@given(st.lists(st.tuples(st.one_of(DRAFTS, st.none()), st.integers(0, 20)), max_size=10))
def test_of_one_silence_and_its_successors_one_at_most_has_not_ended(
    steps: list[tuple[SilenceDraft | None, int]],
) -> None:
    silences, current, now = Silences(), "", T0
    for number, (draft, minutes) in enumerate(steps):
        now += timedelta(minutes=minutes)
        try:
            if draft is None:
                change = expire_silence(silences.get(current), at=now)
            else:
                change = save_silence(silences.get(current), replace(draft, id=current), new_id=str(number), at=now)
        except SilenceError:
            continue
        for silence in change.silences:
            silences.put(silence)
        current = change.id
        open_ones = [silence.id for silence in silences if silence.state(now) is not SilenceState.EXPIRED]
        assert open_ones in ([], [current])
