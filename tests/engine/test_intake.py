"""Alerts that others post: what is taken, what is on disk, and what the dispatcher is told."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from alertd.alerts.ingest import RawAlert
from alertd.alerts.posted import PostedAlert
from alertd.errors import StoreError
from alertd.labels import LabelSet
from alertd.store.memory import MemoryStore
from tests.support.services import AT, Alertmanager, an_alertmanager
from tests.support.stores import GatedStore


def raw(name: str = "A", *, starts: float | None = None, ends: float | None = None, **labels: str) -> RawAlert:
    return RawAlert(
        labels={"alertname": name, **labels},
        starts_at=None if starts is None else second(starts),
        ends_at=None if ends is None else second(ends),
    )


def second(number: float) -> datetime:
    return AT + timedelta(seconds=number)


def known(alertd: Alertmanager, name: str = "A") -> PostedAlert | None:
    return alertd.services.dispatcher.known(LabelSet({"alertname": name}))


async def stored(alertd: Alertmanager) -> dict[str, PostedAlert]:
    return {alert.labels.get("alertname"): alert for alert in await alertd.store.posted_alerts()}


async def post(alertd: Alertmanager, *alerts: RawAlert, at: float = 0) -> list[str]:
    await alertd.clock.advance(second(at) - alertd.clock.now())
    return await alertd.services.intake.post(alerts)


class TestWhatIsTaken:
    async def test_an_alert_is_on_disk_and_with_the_dispatcher(self) -> None:
        alertd = an_alertmanager()
        assert await post(alertd, raw("A", starts=-5), at=1) == []
        alert = known(alertd)
        assert alert is not None
        assert (alert.starts_at, alert.ends_at, alert.assumed_end) == (second(-5), second(301), True)
        assert await stored(alertd) == {"A": alert}

    async def test_good_alerts_are_kept_though_others_are_refused(self) -> None:
        alertd = an_alertmanager()
        errors = await post(alertd, RawAlert(labels={}), raw("A"), raw("B", starts=5, ends=3))
        assert errors == ["at least one label pair required", "start time must be before end time"]
        assert set(await stored(alertd)) == {"A"}

    async def test_two_copies_in_one_post_are_joined(self) -> None:
        alertd = an_alertmanager()
        await post(alertd, raw(starts=-10, ends=60), raw(starts=-5, ends=90), at=1)
        alert = known(alertd)
        assert alert is not None
        assert (alert.starts_at, alert.ends_at) == (second(-10), second(90))

    async def test_a_second_post_keeps_the_first_start_and_the_same_labels_object(self) -> None:
        alertd = an_alertmanager()
        await post(alertd, raw(starts=0))
        first = known(alertd)
        await post(alertd, raw(starts=10), at=10)
        second_copy = known(alertd)
        assert first is not None
        assert second_copy is not None
        assert second_copy.starts_at == first.starts_at
        assert second_copy.labels is first.labels

    async def test_more_alerts_than_fit_into_one_save_are_all_taken(self) -> None:
        alertd = an_alertmanager()
        assert await post(alertd, *(raw(f"A{number}") for number in range(600))) == []
        assert len(await stored(alertd)) == 600

    async def test_beyond_the_limit_only_known_alerts_are_taken(self) -> None:
        alertd = an_alertmanager(most_alerts=2)
        errors = await post(alertd, raw("A"), raw("B"), raw("C"))
        assert errors == ["there are 2 alerts already: no further ones are taken"]
        assert await post(alertd, raw("A"), at=1) == []

    async def test_what_was_posted_is_counted_as_alertmanager_does(self) -> None:
        alertd = an_alertmanager()
        await post(alertd, raw("A"), raw("B", starts=-2, ends=-1), raw("C", starts=0, ends=-1), at=1)
        counters = alertd.services.intake.counters
        assert (counters.firing, counters.resolved, counters.invalid) == (1, 2, 1)


class TestEnds:
    async def test_a_resolved_alert_nobody_knows_of_leaves_no_trace(self) -> None:
        alertd = an_alertmanager()
        assert await post(alertd, raw(starts=-10, ends=-5)) == []
        assert await stored(alertd) == {}

    async def test_the_end_of_a_known_episode_is_taken(self) -> None:
        alertd = an_alertmanager()
        await post(alertd, raw(starts=0))
        await post(alertd, raw(starts=0, ends=5), at=6)
        alert = known(alertd)
        assert alert is not None
        assert alert.ends_at == second(5)

    async def test_an_end_posted_with_an_earlier_start_ends_the_episode_that_is_known(self) -> None:
        alertd = an_alertmanager()
        await post(alertd, raw(starts=0))
        await post(alertd, raw(starts=-60, ends=5), at=6)
        alert = known(alertd)
        assert alert is not None
        assert (alert.starts_at, alert.ends_at) == (second(0), second(5))

    async def test_the_late_end_of_an_earlier_episode_does_not_end_the_present_one(self) -> None:
        alertd = an_alertmanager()
        await post(alertd, raw(starts=0))
        await post(alertd, raw(starts=-60, ends=-50), at=6)
        alert = known(alertd)
        assert alert is not None
        assert not alert.resolved(second(6))
        assert await stored(alertd) == {"A": alert}

    @pytest.mark.parametrize(
        "starts", [pytest.param(None, id="an end alone"), pytest.param(1, id="a start and an end")]
    )
    async def test_an_alert_that_says_to_begin_later_can_end_before(self, starts: float | None) -> None:
        """Such as one posted with nothing but an end, which then is its start, too."""
        alertd = an_alertmanager()
        await post(alertd, raw(ends=3600))
        await post(alertd, raw(starts=starts, ends=5), at=6)
        alert = known(alertd)
        assert alert is not None
        assert alert.resolved(second(6))

    async def test_an_end_before_it_was_posted_is_none_of_an_alert_that_says_to_begin_later(self) -> None:
        alertd = an_alertmanager()
        await post(alertd, raw(ends=3600))
        await post(alertd, raw(starts=-20, ends=-10), at=6)
        alert = known(alertd)
        assert alert is not None
        assert not alert.resolved(second(6))


class TestTheClock:
    async def test_posts_count_though_the_clock_was_set_back(self) -> None:
        store = MemoryStore()
        late = an_alertmanager(store=store)
        await post(late, raw(starts=0), at=3600)
        early = an_alertmanager(store=store)
        await early.services.dispatcher.start()
        await post(early, raw(starts=0, ends=5), at=10)
        alert = known(early)
        assert alert is not None
        assert alert.ends_at == second(5)
        assert alert.updated_at == second(3600)


class TestSaving:
    async def test_an_alert_being_saved_is_known_to_the_next_post(self) -> None:
        store = GatedStore()
        alertd = an_alertmanager(store=store)
        first = asyncio.create_task(post(alertd, raw(starts=-30)))
        await asyncio.sleep(0)
        again = asyncio.create_task(post(alertd, raw(starts=-20)))
        await asyncio.sleep(0)
        assert known(alertd) is None
        store.gate.set()
        await asyncio.gather(first, again)
        alert = known(alertd)
        assert alert is not None
        assert alert.starts_at == second(-30)

    async def test_what_is_being_saved_is_handed_on_though_nobody_waits_for_the_answer(self) -> None:
        store = GatedStore()
        alertd = an_alertmanager(store=store)
        given_up = asyncio.create_task(alertd.services.intake.post([raw(starts=-30)]))
        for _ in range(5):
            await asyncio.sleep(0)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        store.gate.set()
        await post(alertd, raw("B"))
        alert = known(alertd)
        assert alert is not None
        assert alert.starts_at == second(-30)
        assert set(await stored(alertd)) == {"A", "B"}

    async def test_what_could_not_be_saved_is_not_handed_on(self) -> None:
        store = GatedStore(opened=True)
        store.broken = True
        alertd = an_alertmanager(store=store)
        with pytest.raises(StoreError, match="disk full"):
            await post(alertd, raw())
        assert known(alertd) is None
        store.broken = False
        await post(alertd, raw(starts=-1), at=1)
        assert known(alertd) is not None


async def test_alerts_of_before_are_known_after_a_restart() -> None:
    before = an_alertmanager()
    await post(before, raw(starts=-30))
    after = an_alertmanager(store=before.store)
    await after.services.dispatcher.start()
    await post(after, raw(starts=-10), at=10)
    alert = known(after)
    assert alert is not None
    assert alert.starts_at == second(-30)
