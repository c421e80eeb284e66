"""Muting: which alerts of a group are held back, and every reason for it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.alerts.posted import PostedAlert
from alertd.dispatch.inhibition import Inhibition, Inhibitor, InhibitRule, InhibitRuleSettings
from alertd.dispatch.mutes import Mutes, MuteStage
from alertd.dispatch.muting import INHIBITIONS_NAMED, Muter
from alertd.dispatch.route import Route
from alertd.dispatch.silence_index import Silences
from alertd.dispatch.silences import Silence
from alertd.dispatch.time_intervals import TimeIntervalSettings
from alertd.labels.matcher_parse import parse_matchers
from tests.support.builders import T0, a_flush, a_posted_alert, a_route, after

RULE = InhibitRule.from_settings(
    InhibitRuleSettings.model_validate({"source_matchers": ["sev=crit"], "target_matchers": ["sev=warn"]}), 0
)
INTERVALS = {
    name: TimeIntervalSettings.model_validate({"name": name, "time_intervals": items})
    for name, items in {
        "always": [{}],
        "never": [],
        "at noon": [{"times": [{"start_time": "12:00", "end_time": "12:30"}]}],
    }.items()
}
SOURCE = a_posted_alert("S", sev="crit")
TARGET = a_posted_alert("T", sev="warn")
FREE = a_posted_alert("F")


def a_muter(*silences: str, sources: Iterable[PostedAlert] = ()) -> Muter:
    """Silences by their matchers, called s1, s2, ... and an hour long."""
    inhibitor = Inhibitor([RULE])
    inhibitor.put(sources)
    return Muter(
        inhibitor=inhibitor,
        silences=Silences(
            Silence(
                id=f"s{number}",
                matchers=parse_matchers(matchers),
                starts_at=T0,
                ends_at=T0 + timedelta(hours=1),
                updated_at=T0,
            )
            for number, matchers in enumerate(silences, start=1)
        ),
        intervals=INTERVALS,
    )


def muted_route(**intervals: Any) -> Route:
    return Route(receiver="ops", **{f"{kind}_time_intervals": tuple(names) for kind, names in intervals.items()})


class TestReasons:
    @pytest.mark.parametrize(
        ("muter", "route", "stage"),
        [
            pytest.param(a_muter(), a_route(), None, id="nothing mutes"),
            pytest.param(a_muter(sources=[SOURCE]), a_route(), MuteStage.INHIBITED, id="a source fires"),
            pytest.param(a_muter(), muted_route(active=["never"]), MuteStage.INACTIVE, id="not active"),
            pytest.param(a_muter(), muted_route(mute=["always"]), MuteStage.MUTED, id="muted"),
            pytest.param(a_muter("alertname=T"), a_route(), MuteStage.SILENCED, id="silenced"),
            pytest.param(a_muter("alertname=F"), a_route(), None, id="another is silenced"),
            pytest.param(a_muter(), muted_route(active=["never", "at noon"]), None, id="one active interval suffices"),
            pytest.param(
                a_muter(), muted_route(mute=["never", "at noon"]), MuteStage.MUTED, id="one mute interval too"
            ),
            pytest.param(
                a_muter(), muted_route(active=["always"], mute=["always"]), MuteStage.MUTED, id="muted though active"
            ),
            pytest.param(
                a_muter("alertname=T", sources=[SOURCE]),
                muted_route(active=["never"], mute=["always"]),
                MuteStage.INHIBITED,
                id="inhibition is asked first",
            ),
            pytest.param(
                a_muter("alertname=T"),
                muted_route(active=["never"], mute=["always"]),
                MuteStage.INACTIVE,
                id="then active intervals",
            ),
            pytest.param(
                a_muter("alertname=T"), muted_route(mute=["always"]), MuteStage.MUTED, id="then mute intervals"
            ),
        ],
    )
    def test_the_first_in_order_is_the_stage(self, muter: Muter, route: Route, stage: MuteStage | None) -> None:
        mutes = muter.mutes(TARGET.labels, route, T0)
        assert mutes.stage is stage
        assert bool(mutes) is (stage is not None)

    def test_all_are_named(self) -> None:
        route = muted_route(active=["never"], mute=["always", "never", "at noon"])
        muter = a_muter("sev=warn", "alertname=~.+", sources=[SOURCE])
        assert muter.mutes(TARGET.labels, route, T0) == Mutes(
            inhibited_by=(Inhibition(source=SOURCE.fingerprint, rule="inhibit_rules[0]"),),
            inactive=("never",),
            muted_by=("always", "at noon"),
            silenced_by=("s1", "s2"),
        )

    def test_of_many_sources_a_few_are_named(self) -> None:
        muter = a_muter(sources=[a_posted_alert("S", sev="crit", x=str(number)) for number in range(99)])
        assert len(muter.mutes(TARGET.labels, a_route(), T0).inhibited_by) == INHIBITIONS_NAMED

    @pytest.mark.parametrize(
        ("minutes", "stage"),
        [
            pytest.param(29, MuteStage.MUTED, id="within the interval"),
            pytest.param(30, MuteStage.SILENCED, id="after it the silence still mutes"),
            pytest.param(60, None, id="after both"),
        ],
    )
    def test_they_end_in_their_own_time(self, minutes: int, stage: MuteStage | None) -> None:
        muter, route = a_muter("alertname=T"), muted_route(mute=["at noon"])
        assert muter.mutes(TARGET.labels, route, after(minutes=minutes)).stage is stage


class TestHoldingBack:
    def test_sets_the_muted_apart_with_their_reasons(self) -> None:
        held = a_muter("alertname=F", sources=[SOURCE]).hold_back(a_flush(SOURCE, TARGET, FREE), T0)
        assert held.alerts == (SOURCE,)
        assert {muted.alert.fingerprint: muted.why.stage for muted in held.muted} == {
            TARGET.fingerprint: MuteStage.INHIBITED,
            FREE.fingerprint: MuteStage.SILENCED,
        }

    def test_resolved_alerts_are_held_back_alike(self) -> None:
        over = a_posted_alert("T", sev="warn", ends_at=T0)
        held = a_muter("alertname=T").hold_back(a_flush(over, FREE), T0)
        assert (held.alerts, [muted.alert for muted in held.muted], held.ended) == ((FREE,), [over], (over,))

    def test_an_interval_mutes_all_or_nothing(self) -> None:
        flush = a_flush(TARGET, FREE, route=muted_route(mute=["at noon"]))
        assert a_muter().hold_back(flush, T0).alerts == ()
        assert a_muter().hold_back(flush, after(minutes=30)).alerts == flush.alerts


@given(
    st.lists(st.sampled_from(["alertname=A", "x=1", 'x!="1"', "x=~1|2", "y=~.+"]), max_size=3),
    st.lists(
        st.dictionaries(st.sampled_from("xy"), st.sampled_from("12")),
        max_size=5,
        unique_by=lambda d: str(sorted(d.items())),
    ),
    st.integers(-1, 61),
)
def test_every_alert_is_told_or_held_back_for_a_reason(
    silences: list[str], label_sets: list[dict[str, str]], minutes: int
) -> None:
    muter, at = a_muter(*silences), after(minutes=minutes)
    flush = a_flush(*(a_posted_alert("A", **labels) for labels in label_sets))
    held = muter.hold_back(flush, at)
    assert sorted([*held.alerts, *(muted.alert for muted in held.muted)], key=flush.alerts.index) == list(flush.alerts)
    assert all(muted.why for muted in held.muted)
    assert not any(muter.mutes(alert.labels, flush.route, at) for alert in held.alerts)
