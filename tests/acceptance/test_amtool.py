"""Debian's amtool against a running alertd: every command, as an operator's fingers know them."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.daemon import Daemon, running
from tests.support.servers import program

CONFIG = """
prometheus: {url: http://localhost:9090}
global: {resolve_timeout: 7m}
route:
  receiver: ops
  group_by: [alertname]
  group_wait: 1h
  routes:
  - {receiver: pager, matchers: [severity="critical"], continue: true}
  - {receiver: team-a, matchers: [team=~"a|b"]}
inhibit_rules: [{source_matchers: [severity="critical"], target_matchers: [severity="warning"], equal: [cluster]}]
receivers:
- name: ops
- name: pager
  webhook_configs: [{url: "http://127.0.0.1:9/?token=canary"}]
- name: team-a
"""
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LIMIT_S = 60


@dataclass(frozen=True, slots=True)
class Amtool:
    """Runs amtool against one alertd, in one folder."""

    daemon: Daemon
    folder: Path

    async def __call__(self, *arguments: str, status: int = 0, given: str = "") -> str:
        """What it printed, or why it failed; fails when it did not end with `status`."""
        process = await asyncio.create_subprocess_exec(
            program("amtool"), f"--alertmanager.url={self.daemon.url}", *arguments, cwd=self.folder,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(LIMIT_S):
            out, err = await process.communicate(given.encode())
        assert process.returncode == status, f"amtool {' '.join(arguments)}: {process.returncode}\n{out!r}\n{err!r}"
        return (err if status else out).decode()

    async def silences(self, *arguments: str) -> list[dict[str, object]]:
        found: list[dict[str, object]] = json.loads(await self("-o", "json", "silence", "query", *arguments))
        return found


@asynccontextmanager
async def amtool(tmp_path: Path) -> AsyncIterator[Amtool]:
    config = tmp_path / "alertd.yml"
    config.write_text(CONFIG)
    async with running(config, tmp_path / "data") as daemon:
        await daemon.event("alertd_started")
        yield Amtool(daemon, tmp_path)


async def test_alerts(tmp_path: Path) -> None:
    async with amtool(tmp_path) as am:
        await am("alert", "add", "Disk", "severity=critical", "cluster=eu", "--annotation=summary=disk is full")
        await am("alert", "add", "alertname=Slow", "severity=warning", "cluster=eu", "--generator-url=http://p/g")
        await am("alert", "add", "Old", "--start=2026-01-01T10:00:00Z", "--end=2099-01-01T00:00:00+01:00")
        said = await am("alert")
        assert all(text in said for text in ("Disk", "disk is full", "Old", "2026-01-01 10:00:00 UTC", "active"))
        assert "Slow" not in said, "it is inhibited"
        assert "Slow" in await am("alert", "query", "--inhibited")
        assert "suppressed" in await am("alert", "query", "-i", "severity=warning")
        assert "Disk" not in await am("alert", "query", "alertname!=Disk")
        assert "Disk" in await am("alert", "query", "--receiver=pager")
        assert "Old" not in await am("alert", "query", "-r", "pager")
        extended = await am("-o", "extended", "alert", "query", "Old")
        assert "2099-01-01 00:00:00 +0100" in extended
        (alert,) = json.loads(await am("-o", "json", "alert", "query", "Disk"))
        assert [receiver["name"] for receiver in alert["receivers"]] == ["pager"]
        refused = await am(
            "alert", "add", "Bad", "--start=2026-01-02T00:00:00Z", "--end=2026-01-01T00:00:00Z", status=1
        )
        assert "start time must be before end time" in refused


async def test_the_life_of_a_silence(tmp_path: Path) -> None:
    async with amtool(tmp_path) as am:
        await am("alert", "add", "Disk", "severity=critical")
        silence_id = (
            await am(
                "silence", "add", "Disk", 'severity=~"crit.*"', "team!=x", "-c", "new disk", "-d", "2h", "-a", "ann"
            )
        ).strip()
        assert UUID.fullmatch(silence_id)
        assert "Disk" not in await am("alert", "query")
        assert "Disk" in await am("alert", "query", "--silenced")
        listing = await am("silence", "query", "Disk", "--created-by=ann", "--within=3h")
        assert all(text in listing for text in (silence_id, 'severity=~"crit.*"', 'team!="x"', "new disk"))
        assert silence_id not in await am("silence", "query", "Other")
        assert silence_id in await am("silence", "query", "-q")

        await am("silence", "update", silence_id, "-d", "5h", "-c", "still")
        assert silence_id not in await am("silence", "query", "--within=3h")
        (silence,) = await am.silences()
        assert (silence["id"], silence["comment"]) == (silence_id, "still")

        exported = await am("-o", "json", "silence", "query")
        await am("silence", "expire", silence_id)
        assert "Disk" in await am("alert", "query")
        assert silence_id in await am("silence", "query", "--expired")
        assert await am.silences() == []

        (tmp_path / "silences.json").write_text(exported)
        imported = (await am("silence", "import", "silences.json")).strip()
        assert imported != silence_id
        assert "Disk" not in await am("alert", "query")
        await am("silence", "import", "--force", given=exported)
        assert len(await am.silences()) == 2


async def test_what_is_wrong_with_a_silence_is_told(tmp_path: Path) -> None:
    async with amtool(tmp_path) as am:
        unknown = "7c1b0a3e-0000-4000-8000-000000000000"
        assert "404" in await am("silence", "expire", unknown, status=1)
        assert "must not match the empty string" in await am("silence", "add", "a=~.*", "-c", "all", status=1)
        assert await am.silences() == []


async def test_the_configuration(tmp_path: Path) -> None:
    async with amtool(tmp_path) as am:
        shown = await am("config", "show")
        assert "resolve_timeout: 7m" in shown
        assert "canary" not in shown
        assert "prometheus:" not in shown, "amtool refuses keys it does not know"
        tree = await am("config", "routes", "show")
        assert "pager" in tree
        assert 'team=~"a|b"' in tree
        for labels, receivers in (
            (("severity=critical",), "pager"),
            (("severity=critical", "team=a"), "pager,team-a"),
            (("team=c",), "ops"),
        ):
            assert (
                await am("config", "routes", "test", f"--verify.receivers={receivers}", *labels)
            ).strip() == receivers
        await am("config", "routes", "test", "--verify.receivers=ops", "team=a", status=1)
        assert "disabled" in await am("cluster", "show")


async def test_the_configuration_shown_is_one_that_amtool_takes(tmp_path: Path) -> None:
    async with amtool(tmp_path) as am:
        status = await am.daemon.json("/api/v2/status")
        (tmp_path / "shown.yml").write_text(status["config"]["original"])
        checked = await am("check-config", "shown.yml")
        assert "SUCCESS" in checked
        assert "3 receivers" in checked


async def test_templates(tmp_path: Path) -> None:
    async with amtool(tmp_path) as am:
        (tmp_path / "a.tmpl").write_text('{{ define "title" }}{{ .Status | toUpper }}{{ end }}')
        said = await am("template", "render", "--template.glob=a.tmpl", '--template.text={{ template "title" . }}')
        assert said.strip() == "ALERTSTATUS", "the data amtool renders with when it is given none"
