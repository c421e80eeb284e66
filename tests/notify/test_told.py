"""What is owed to an integration, given what it knows and what is on its way."""

from __future__ import annotations

from dataclasses import replace

from alertd.notify.log import LogEntry
from alertd.notify.outbox import Delivery, DeliveryState, Payload
from alertd.notify.reason import Reason
from alertd.notify.told import Notify, Quiet, Told, by_stream, decide, overtaken, unanswered
from tests.support.builders import a_delivery, a_flush, a_log_entry, a_posted_alert, a_stream, after, an_episode

A, B = a_posted_alert("A"), a_posted_alert("B")
A_RESOLVED, B_RESOLVED = (a_posted_alert(name, ends_at=after(minutes=1)) for name in "AB")
A_AGAIN = a_posted_alert("A", starts_at=after(minutes=2))
EP_A, EP_B = an_episode("A"), an_episode("B")
EP_A_AGAIN = an_episode("A", after(minutes=2))


def told(entry: LogEntry | None = None, *deliveries: Delivery) -> Told:
    return Told(stream=a_stream(), entry=entry, open=deliveries)


def on_its_way(entry: LogEntry, *, leased: bool = False) -> Delivery:
    return a_delivery(entry=entry, state=DeliveryState.LEASED if leased else DeliveryState.QUEUED)


def standing_in(entry: LogEntry, *, attempts: int = 0) -> Delivery:
    """A plain message in place of one whose template failed."""
    return replace(a_delivery(entry=entry, attempts=attempts), payload=Payload(body=b"", is_fallback=True))


class TestStandIns:
    def test_until_it_goes_each_tick_tries_the_template_again(self) -> None:
        plain = standing_in(a_log_entry(firing=[EP_A]))
        decision = decide(told(None, plain), a_flush(A), send_resolved=True)
        assert isinstance(decision, Notify)
        assert (decision.reason, decision.supersedes) == (Reason.FIRST_NOTIFICATION, (plain.id,))

    def test_once_it_was_tried_it_is_a_message_like_others(self) -> None:
        plain = standing_in(a_log_entry(firing=[EP_A]), attempts=1)
        assert decide(told(None, plain), a_flush(A), send_resolved=True) is None

    def test_with_nothing_left_to_tell_it_does_not_go(self) -> None:
        plain = standing_in(a_log_entry(firing=[EP_A]))
        decision = decide(told(None, plain), a_flush(A_RESOLVED), send_resolved=True)
        assert decision == Quiet(entry=None, supersedes=(plain.id,))


class TestDecide:
    def test_what_is_on_its_way_is_not_said_twice(self) -> None:
        for leased in (False, True):
            queue = told(None, on_its_way(a_log_entry(firing=[EP_A]), leased=leased))
            assert decide(queue, a_flush(A), send_resolved=True) is None

    def test_the_reason_is_seen_from_the_integration(self) -> None:
        waiting = on_its_way(a_log_entry(firing=[EP_A]))
        decision = decide(told(None, waiting), a_flush(A, B), send_resolved=True)
        assert isinstance(decision, Notify)
        assert decision.reason is Reason.FIRST_NOTIFICATION, "the one about A never arrived"
        assert decision.supersedes == (waiting.id,)
        assert decision.entry.firing == {EP_A, EP_B}

    def test_what_is_being_sent_is_followed_and_not_replaced(self) -> None:
        sending = on_its_way(a_log_entry(firing=[EP_A]), leased=True)
        decision = decide(told(None, sending), a_flush(A, B), send_resolved=True)
        assert isinstance(decision, Notify)
        assert (decision.reason, decision.supersedes) == (Reason.NEW_ALERTS, ())

    def test_over_before_anybody_was_told_means_nobody_is_told(self) -> None:
        waiting = on_its_way(a_log_entry(firing=[EP_A]))
        decision = decide(told(None, waiting), a_flush(A_RESOLVED), send_resolved=True)
        assert decision == Quiet(entry=None, supersedes=(waiting.id,))

    def test_over_while_it_is_being_told_is_told_after_it(self) -> None:
        sending = on_its_way(a_log_entry(firing=[EP_A]), leased=True)
        decision = decide(told(None, sending), a_flush(A_RESOLVED), send_resolved=True)
        assert isinstance(decision, Notify)
        assert decision.reason is Reason.ALL_RESOLVED

    def test_over_after_an_attempt_without_an_answer_is_told(self) -> None:
        waiting = on_its_way(a_log_entry(firing=[EP_A]))
        decision = decide(told(a_log_entry(perhaps=[EP_A]), waiting), a_flush(A_RESOLVED), send_resolved=True)
        assert isinstance(decision, Notify)
        assert (decision.reason, decision.supersedes) == (Reason.ALL_RESOLVED, (waiting.id,))
        assert decision.entry.perhaps == frozenset()

    def test_an_owed_resolved_is_not_replaced_by_a_new_episode(self) -> None:
        end = on_its_way(a_log_entry(resolved=[EP_A]))
        decision = decide(told(a_log_entry(firing=[EP_A]), end), a_flush(A_AGAIN), send_resolved=True)
        assert isinstance(decision, Notify)
        assert decision.supersedes == ()

    def test_an_owed_resolved_is_replaced_by_a_message_that_tells_it_too(self) -> None:
        end_of_a = on_its_way(a_log_entry(resolved=[EP_A], firing=[EP_B]))
        entry = a_log_entry(firing=[EP_A, EP_B])
        decision = decide(told(entry, end_of_a), a_flush(A_RESOLVED, B_RESOLVED), send_resolved=True)
        assert isinstance(decision, Notify)
        assert decision.supersedes == (end_of_a.id,)

    def test_without_send_resolved_the_end_is_only_noted(self) -> None:
        decision = decide(told(a_log_entry(firing=[EP_A])), a_flush(A_RESOLVED), send_resolved=False)
        assert isinstance(decision, Quiet)
        assert decision.entry is not None
        assert (decision.entry.firing, decision.entry.resolved) == (frozenset(), {EP_A})

    def test_without_send_resolved_it_waits_for_what_is_being_sent(self) -> None:
        sending = on_its_way(a_log_entry(firing=[EP_A]), leased=True)
        assert decide(told(None, sending), a_flush(A_RESOLVED), send_resolved=False) is None

    def test_perhaps_told_stays_owed_while_others_are_told(self) -> None:
        decision = decide(told(a_log_entry(perhaps=[EP_A])), a_flush(B), send_resolved=True)
        assert isinstance(decision, Notify)
        assert decision.entry.perhaps == {EP_A}


class TestOwes:
    def test_an_end_is_owed_to_whoever_was_or_perhaps_was_told(self) -> None:
        assert told(a_log_entry(firing=[EP_A])).owes(EP_A, send_resolved=True)
        assert told(a_log_entry(perhaps=[EP_A])).owes(EP_A, send_resolved=True)
        assert not told(a_log_entry(firing=[EP_A])).owes(EP_B, send_resolved=True)
        assert not told(a_log_entry(firing=[EP_A])).owes(EP_A, send_resolved=False)
        assert not told(a_log_entry(resolved=[EP_A])).owes(EP_A, send_resolved=True)

    def test_the_end_of_a_later_episode_is_owed_to_whoever_was_told_of_an_earlier_one(self) -> None:
        assert told(a_log_entry(firing=[EP_A])).owes(EP_A_AGAIN, send_resolved=True)

    def test_whatever_is_on_its_way_is_owed(self) -> None:
        assert told(None, on_its_way(a_log_entry(resolved=[EP_A]))).owes(EP_A, send_resolved=True)
        assert told(None, on_its_way(a_log_entry(firing=[EP_A]))).owes(EP_A, send_resolved=False)


def test_a_failed_attempt_is_overtaken_by_a_newer_message_unless_it_tells_an_owed_end() -> None:
    start, newer = on_its_way(a_log_entry(firing=[EP_A]), leased=True), on_its_way(a_log_entry(firing=[EP_A, EP_B]))
    assert overtaken(told(None, start, newer), start)
    assert not overtaken(told(None, start), start)
    end, again = on_its_way(a_log_entry(resolved=[EP_A]), leased=True), on_its_way(a_log_entry(firing=[EP_A_AGAIN]))
    assert not overtaken(told(a_log_entry(firing=[EP_A]), end, again), end)


def test_the_end_of_an_episode_whose_start_was_corrected_is_still_owed() -> None:
    earlier = an_episode("A", after(minutes=-2))
    end, again = on_its_way(a_log_entry(resolved=[earlier]), leased=True), on_its_way(a_log_entry(firing=[EP_A_AGAIN]))
    assert not overtaken(told(a_log_entry(firing=[EP_A]), end, again), end)
    assert told(None, on_its_way(a_log_entry(firing=[EP_A]))).owes(earlier, send_resolved=True)
    assert not told(None, on_its_way(a_log_entry(firing=[EP_A]))).owes(EP_A_AGAIN, send_resolved=True)


def test_an_attempt_without_an_answer_is_remembered_as_perhaps_told() -> None:
    delivery = on_its_way(a_log_entry(firing=[EP_A, EP_B], at=after(minutes=1)))
    first = unanswered(told(None, delivery), delivery)
    assert first == a_log_entry(perhaps=[EP_A, EP_B], at=after(minutes=1))
    known = unanswered(told(a_log_entry(firing=[EP_A]), delivery), delivery)
    assert known == a_log_entry(firing=[EP_A], perhaps=[EP_B]), "what was told for sure stays so"


def test_entries_and_deliveries_are_put_together_by_stream() -> None:
    entry, delivery = a_log_entry(), a_delivery(entry=a_log_entry(stream=a_stream("other")))
    assert by_stream([entry], [delivery]) == {
        a_stream(): told(entry),
        a_stream("other"): Told(stream=a_stream("other"), open=(delivery,)),
    }


def test_a_saved_decision_changes_what_is_told() -> None:
    old, new = on_its_way(a_log_entry(firing=[EP_A])), on_its_way(a_log_entry(firing=[EP_A, EP_B]))
    before = told(None, old)
    decision = decide(before, a_flush(A, B), send_resolved=True)
    assert before.after(decision, new).open == (new,)
    assert before.after(None) is before
    noted = replace(before, entry=a_log_entry(firing=[EP_A])).after(Quiet(entry=a_log_entry(), supersedes=(old.id,)))
    assert noted == told(a_log_entry())
