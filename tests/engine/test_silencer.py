"""The silencer: nothing is answered before it is on disk."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from alertd.dispatch.silences import SilenceDraft, SilenceError, SilenceState, UnknownSilenceError
from alertd.engine.silencer import SilenceLimits, Silencer
from alertd.labels import LabelSet
from alertd.labels.matcher import Matcher, Op
from tests.support.services import AT, an_alertmanager
from tests.support.stores import GatedStore

A = LabelSet({"alertname": "A"})
DRAFT = SilenceDraft(
    matchers=(Matcher("alertname", Op.EQUAL, "A"),), starts_at=AT, ends_at=AT + timedelta(hours=1), created_by="me"
)


def silencer(**settings: Any) -> Silencer:
    return an_alertmanager(**settings).services.silencer


async def test_a_silence_mutes_once_it_is_on_disk() -> None:
    store = GatedStore()
    silences = silencer(store=store)
    setting = asyncio.create_task(silences.set(DRAFT))
    await asyncio.sleep(0)
    assert silences.silences.muted_by(A, AT) == ()
    assert not setting.done()
    store.gate.set()
    silence_id = await setting
    assert silences.silences.muted_by(A, AT) == (silence_id,)
    assert [one.id for one in await store.silences()] == [silence_id]


async def test_silences_of_before_mute_after_a_restart() -> None:
    alertd = an_alertmanager()
    silence_id = await alertd.services.silencer.set(DRAFT)
    after = silencer(store=alertd.store)
    assert len(after.silences) == 0
    await after.start()
    assert after.silences.muted_by(A, AT) == (silence_id,)


async def test_an_expired_silence_mutes_no_more_and_stays_to_be_looked_up() -> None:
    alertd = an_alertmanager()
    silences = alertd.services.silencer
    silence_id = await silences.set(DRAFT)
    await silences.expire(silence_id)
    assert silences.silences.muted_by(A, AT) == ()
    (kept,) = await alertd.store.silences()
    assert kept.state(AT) is SilenceState.EXPIRED


async def test_a_change_of_matchers_ends_the_old_silence_in_the_same_transaction() -> None:
    alertd = an_alertmanager()
    silences = alertd.services.silencer
    old = await silences.set(DRAFT)
    new = await silences.set(replace(DRAFT, id=old, matchers=(Matcher("alertname", Op.EQUAL, "B"),)))
    states = {one.id: one.state(AT) for one in await alertd.store.silences()}
    assert states == {old: SilenceState.EXPIRED, new: SilenceState.ACTIVE}


async def test_changes_of_one_silence_that_come_together_follow_each_other() -> None:
    store = GatedStore(opened=True)
    silences = silencer(store=store)
    first = await silences.set(DRAFT)
    store.gate.clear()
    moved = replace(DRAFT, id=first, matchers=(Matcher("alertname", Op.EQUAL, "B"),))
    changes = [asyncio.create_task(silences.set(moved)) for _ in range(2)]
    await asyncio.sleep(0)
    store.gate.set()
    ids = await asyncio.gather(*changes)
    active = [one.id for one in silences.silences if one.state(AT) is SilenceState.ACTIVE]
    assert len(active) == len(set(ids)) == 2, "the second change finds the first one expired, and makes a new silence"


async def test_what_ended_long_ago_is_forgotten() -> None:
    alertd = an_alertmanager()
    silences = alertd.services.silencer
    gone = await silences.set(DRAFT)
    stays = await silences.set(replace(DRAFT, ends_at=AT + timedelta(hours=2)))
    await silences.forget(AT + timedelta(hours=1, seconds=1))
    assert silences.silences.get(gone) is None
    assert [one.id for one in await alertd.store.silences()] == [stays]


async def test_ids_nobody_knows_are_told() -> None:
    silences = silencer()
    with pytest.raises(UnknownSilenceError, match="silence not found"):
        await silences.set(replace(DRAFT, id="nobody"))
    with pytest.raises(UnknownSilenceError, match="silence not found"):
        await silences.expire("nobody")


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        pytest.param(SilenceLimits(silences=1), r"maximum number of silences: 1 \(limit: 1\)", id="too many"),
        pytest.param(SilenceLimits(size_bytes=10), r"maximum size: 12 bytes \(limit: 10 bytes\)", id="too large"),
    ],
)
async def test_limits(limits: SilenceLimits, message: str) -> None:
    silences = silencer(limits=limits)
    small = replace(DRAFT, created_by="", matchers=(Matcher("a", Op.EQUAL, "1"),))
    silence_id = await silences.set(small)
    with pytest.raises(SilenceError, match=message):
        await silences.set(DRAFT)
    await silences.set(replace(small, id=silence_id, comment="changed"))  # no further one
