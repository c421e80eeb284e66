"""Silences and inhibition beside a real Alertmanager: the same alerts are muted, by the same silences and sources."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta
from random import Random
from typing import Any

from alertd.alerts.posted import PostedAlert
from alertd.clock import SystemClock
from alertd.dispatch.inhibition import Inhibitor, InhibitRule, InhibitRuleSettings
from alertd.dispatch.silence_index import Silences
from alertd.dispatch.silences import Silence, SilenceDraft, SilenceError, save_silence, silence_matchers
from alertd.http import HttpClient, new_session
from alertd.labels import LabelSet
from alertd.labels.matcher import Op
from tests.support.servers import alertmanager

RULES: list[dict[str, Any]] = [
    {"source_matchers": ["a=x"], "target_matchers": ["a=~y|z"], "equal": ["b"]},
    {"source_match": {"b": "y"}, "target_match_re": {"b": "x|y"}},
    {"source_matchers": ['c=~"x|y"', 'a=""'], "target_matchers": ['c!="x"'], "equal": ["a", "b"]},
    {},
]
VALUES = ["x", "y", "z", ""]
PATTERNS = ["x|y", ".+", ".*", "", "[xz]", "x.*", "(?i)Y"]


def generated_silences(random: Random) -> list[list[tuple[str, Op, str]]]:
    """Matchers of silences, some of which Alertmanager refuses."""
    silences = []
    for _ in range(120):
        operators = random.choices(list(Op), k=random.randint(1, 3))
        silences.append(
            [
                (random.choice("abc"), op, random.choice(PATTERNS if op in (Op.REGEX, Op.NOT_REGEX) else VALUES))
                for op in operators
            ]
        )
    return silences


def as_json(matchers: list[tuple[str, Op, str]]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "value": value,
            "isRegex": op in (Op.REGEX, Op.NOT_REGEX),
            "isEqual": op in (Op.EQUAL, Op.REGEX),
        }
        for name, op, value in matchers
    ]


class Server:
    """The API of an Alertmanager."""

    def __init__(self, http: HttpClient, url: str) -> None:
        self._http, self._url = http, f"{url}/api/v2"

    async def get(self, path: str) -> Any:
        return json.loads((await self._http.request("GET", f"{self._url}/{path}")).body)

    async def post(self, path: str, body: Any) -> tuple[int, str]:
        data, headers = json.dumps(body).encode(), {"Content-Type": "application/json"}
        answer = await self._http.request("POST", f"{self._url}/{path}", data=data, headers=headers)
        return answer.status, answer.body.decode()

    async def set_silence(self, matchers: list[tuple[str, Op, str]], start: datetime, end: datetime) -> tuple[str, str]:
        """The silence's id, or why it is refused."""
        times = {"startsAt": start.isoformat(), "endsAt": end.isoformat()}
        body = {**times, "createdBy": "t", "comment": "", "matchers": as_json(matchers)}
        status, said = await self.post("silences", body)
        return (json.loads(said)["silenceID"], "") if status == 200 else ("", json.loads(said))


def silence_of(
    matchers: list[tuple[str, Op, str]], start: datetime, end: datetime, *, new_id: str
) -> tuple[Silence | None, str]:
    """The silence, or why it is refused."""
    try:
        draft = SilenceDraft(matchers=silence_matchers(matchers), starts_at=start, ends_at=end)
        return save_silence(None, draft, new_id=new_id, at=start).silences[0], ""
    except SilenceError as error:
        return None, str(error)


async def test_the_same_alerts_are_muted_by_the_same_silences_and_sources() -> None:
    now = SystemClock().now()
    end = now + timedelta(hours=1)
    config = {"route": {"receiver": "r", "group_wait": "1h"}, "receivers": [{"name": "r"}], "inhibit_rules": RULES}
    label_sets = [LabelSet({"a": a, "b": b, "c": c, "alertname": "A"}) for a in VALUES for b in VALUES for c in VALUES]
    silences, inhibitor = Silences(), Inhibitor(rules())
    inhibitor.put(
        PostedAlert(labels=labels, annotations={}, starts_at=now, ends_at=None, updated_at=now) for labels in label_sets
    )
    async with alertmanager(json.dumps(config)) as url, new_session() as session:
        server = Server(HttpClient(session), url)
        for matchers in generated_silences(Random(7)):
            their_id, their_refusal = await server.set_silence(matchers, now, end)
            silence, refusal = silence_of(matchers, now, end, new_id=their_id)
            assert refusal == their_refusal, matchers
            if silence is not None:
                silences.put(silence)
        assert await server.post("alerts", [{"labels": dict(labels)} for labels in label_sets]) == (200, "")
        muted = {
            labels.fingerprint: (
                list(silences.muted_by(labels, now)),
                {inhibition.source for inhibition in inhibitor.inhibitions(labels, now)},
            )
            for labels in label_sets
        }
        async with asyncio.timeout(20):
            while wrong(await server.get("alerts"), muted):
                pass  # Alertmanager takes new alerts into its inhibitor by and by
    assert 0 < len(silences) < 120, "some were refused"
    assert len({tuple(by) for by, _ in muted.values()}) > 20
    assert {bool(sources) for _, sources in muted.values()} == {True, False}


def rules() -> list[InhibitRule]:
    settings = map(InhibitRuleSettings.model_validate, RULES)
    return [InhibitRule.from_settings(rule, number) for number, rule in enumerate(settings)]


def wrong(alerts: list[dict[str, Any]], muted: dict[str, tuple[list[str], set[str]]]) -> list[str]:
    """Fingerprints that are absent there, or muted by others."""
    status = {alert["fingerprint"]: alert["status"] for alert in alerts}
    return [one for one, by in muted.items() if one not in status or differs(status[one], *by)]


def differs(status: dict[str, Any], silenced_by: list[str], sources: set[str]) -> bool:
    """Alertmanager names one source of those there are."""
    named = set(status["inhibitedBy"])
    return status["silencedBy"] != silenced_by or not named <= sources or bool(named) is not bool(sources)
