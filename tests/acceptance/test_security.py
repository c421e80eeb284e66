"""A guarded alertd and the programs that ask it: amtool with its own file, a reload with other tokens."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import bcrypt

from alertd.http import HttpClient, HttpSettings, new_session
from tests.support.certificates import LOOPBACK, Authority
from tests.support.daemon import Daemon, running
from tests.support.servers import ALERTMANAGER_CONFIG, program

PASSWORD = "password-canary"
TOKENS = ("first-canary-0123456789", "second-canary-0123456789")
LIMIT_S = 60


async def amtool(folder: Path, daemon: Daemon, *arguments: str) -> tuple[int | None, str]:
    """Exit status and everything it said."""
    process = await asyncio.create_subprocess_exec(
        program("amtool"), f"--alertmanager.url={daemon.url}", f"--http.config.file={folder}/http.yml", *arguments,
        cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    async with asyncio.timeout(LIMIT_S):
        out, _ = await process.communicate()
    return process.returncode, out.decode()


async def test_amtool_uses_its_own_file_and_users_have_their_scopes(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.sign("server", names=LOOPBACK)
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(10)).decode()
    (tmp_path / "web.yml").write_text(
        "tls_server_config: {cert_file: server.pem, key_file: server.key}\n"
        f"basic_auth_users: {{ann: '{hashed}', viewer: '{hashed}'}}\n"
    )
    (tmp_path / "alertd.yml").write_text(ALERTMANAGER_CONFIG + "web: {user_scopes: {viewer: read}}\n")

    def become(user: str, password: str = PASSWORD) -> None:
        (tmp_path / "http.yml").write_text(
            f"basic_auth: {{username: {user}, password: {password}}}\ntls_config: {{ca_file: {authority.cert}}}\n"
        )

    async with running(tmp_path / "alertd.yml", tmp_path / "data", f"--web.config.file={tmp_path}/web.yml") as daemon:
        await daemon.event("alertd_started")
        assert daemon.url.startswith("https://")
        become("ann")
        status, said = await amtool(tmp_path, daemon, "alert", "add", "Disk", "severity=page")
        assert status == 0, said
        status, said = await amtool(tmp_path, daemon, "silence", "add", "Disk", "-c", "x")
        assert status == 0, said
        become("viewer")
        status, said = await amtool(tmp_path, daemon, "alert", "query", "--silenced")
        assert (status, "Disk" in said) == (0, True), said
        assert (await amtool(tmp_path, daemon, "silence", "add", "Other", "-c", "x"))[0] == 1
        status, said = await amtool(tmp_path, daemon, "config", "show")
        assert (status, "user_scopes" in said) == (0, False), said
        become("ann", "wrong")
        assert (await amtool(tmp_path, daemon, "alert", "query"))[0] == 1
        assert await daemon.terminate() == 0
        log = str(daemon.events)
        assert PASSWORD not in log
        assert hashed not in log


async def test_tokens_are_rotated_by_a_reload_and_never_shown(tmp_path: Path) -> None:
    config = tmp_path / "alertd.yml"

    def use(*tokens: str) -> None:
        listed = ", ".join(f"{{name: t{token[:5]}, scope: admin, token: {token}}}" for token in tokens)
        config.write_text(ALERTMANAGER_CONFIG + f"web: {{open: [/-/healthy], tokens: [{listed}]}}\n")

    async def ask(daemon: Daemon, method: str, path: str, token: str) -> tuple[int, str]:
        settings: dict[str, Any] = {"authorization": {"credentials": token}}
        async with new_session() as session:
            http = HttpClient(session, HttpSettings.model_validate(settings))
            answer = await http.request(method, daemon.url + path)
            return answer.status, answer.body.decode()

    use(TOKENS[0])
    async with running(config, tmp_path / "data") as daemon:
        await daemon.event("alertd_started")
        assert (await daemon.get("/-/healthy"))[0] == 200
        assert (await daemon.get("/metrics"))[0] == 401
        use(TOKENS[1])
        assert (await ask(daemon, "POST", "/-/reload", TOKENS[1]))[0] == 401
        assert (await ask(daemon, "POST", "/-/reload", TOKENS[0]))[0] == 200
        shown = [
            await ask(daemon, "GET", path, TOKENS[1])
            for path in ("/api/v2/status", "/metrics", "/health", "/api/v2/alerts")
        ]
        assert [status for status, _ in shown] == [200] * 4
        use("short")
        status, said = await ask(daemon, "POST", "/-/reload", TOKENS[1])
        assert (status, "alertd.yml:" in said, "shorter than 16 characters" in said) == (500, True, True), said
        assert (await ask(daemon, "GET", "/metrics", TOKENS[1]))[0] == 200, "the old configuration goes on"
        assert (await ask(daemon, "GET", "/metrics", TOKENS[0]))[0] == 401
        assert await daemon.terminate() == 0
        assert "canary" not in str(daemon.events) + str(shown) + said


async def test_a_web_configuration_with_a_mistake_prevents_the_start(tmp_path: Path) -> None:
    (tmp_path / "alertd.yml").write_text(ALERTMANAGER_CONFIG)
    (tmp_path / "web.yml").write_text("basic_auth_users:\n  ann: secret-canary\n")
    async with running(tmp_path / "alertd.yml", tmp_path / "data", f"--web.config.file={tmp_path}/web.yml") as daemon:
        said = await daemon.event("text")
        assert await daemon.process.wait() == 1
        assert said["text"] == (
            f"{tmp_path}/web.yml:2:8 basic_auth_users.ann: this is no bcrypt hash; "
            'make one with: htpasswd -nBC 10 "" | tr -d ":\\n"'
        )
