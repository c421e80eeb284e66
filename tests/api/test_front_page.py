"""The page at `/`: what fires, what becomes of it, and nothing of an alert becomes markup."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from alertd.alerts.posted import PostedAlert
from alertd.api.front_page import MOST, firing, page
from alertd.dispatch.inhibition import InhibitRule, InhibitRuleSettings
from tests.api.conftest import Connect
from tests.support.builders import a_posted_alert
from tests.support.services import AT, Alertmanager, an_alertmanager, services


def an_alert(name: str, *, minutes: int = 0, severity: str = "warning", **annotations: str) -> PostedAlert:
    alert = a_posted_alert(name, severity=severity, starts_at=AT - timedelta(minutes=minutes))
    return replace(alert, annotations=annotations)


def holding(*alerts: PostedAlert) -> Alertmanager:
    critical = {"source_matchers": ['severity="critical"'], "target_matchers": ['severity="warning"']}
    rule = InhibitRule.from_settings(InhibitRuleSettings.model_validate(critical), 0)
    made = an_alertmanager(inhibit_rules=[rule])
    made.services.dispatcher.ingest(list(alerts))
    return made


async def shown(*alerts: PostedAlert) -> str:
    return page("1.2.3", await firing(holding(*alerts).services))


async def test_nothing_fires() -> None:
    assert "Nothing fires." in await shown()


async def test_the_newest_come_first_with_what_becomes_of_them() -> None:
    found = await firing(holding(an_alert("Old", minutes=9), an_alert("New", severity="critical")).services)
    assert [(alert.labels.get("alertname"), state) for alert, state in found.alerts] == [
        ("New", "active"), ("Old", "inhibited"),
    ]  # fmt: skip


async def test_what_has_ended_is_not_shown() -> None:
    ended = replace(an_alert("Over", minutes=9), ends_at=AT - timedelta(minutes=1))
    assert "Over" not in await shown(an_alert("Over", minutes=9), ended)


async def test_a_storm_is_counted_and_its_newest_are_shown() -> None:
    text = await shown(*(an_alert(f"A{number}", minutes=number) for number in range(MOST + 7)))
    assert f"{MOST + 7} firing, the newest {MOST} of them below" in text
    assert "<td>A0</td>" in text
    assert f"<td>A{MOST}</td>" not in text


async def test_its_links_lead_to_pages_and_texts_stay_texts() -> None:
    alert = an_alert(
        "A", summary="<b>5 & more", runbook_url="https://r/A.md?a=1&b", dashboard_url="javascript:alert(1)"
    )
    text = await shown(alert)
    assert "&lt;b&gt;5 &amp; more" in text
    assert '<a href="https://r/A.md?a=1&amp;b">runbook</a>' in text
    assert "javascript" not in text
    assert f"<code>alertd explain {alert.fingerprint}</code>" in text


async def test_it_is_at_the_root(connect: Connect) -> None:
    made = holding(an_alert("HighErrorRate"))
    answer = await (await connect(services(alertmanager=made.services), prefix="/alertd")).get("/alertd/")
    assert (answer.status, answer.content_type) == (200, "text/html")
    assert "<td>HighErrorRate</td>" in await answer.text()
