"""How verbs say who asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.certificates import LOOPBACK, Authority
from tests.support.cli import cli
from tests.support.daemon import running
from tests.support.servers import ALERTMANAGER_CONFIG, answer, scripted

TOKEN = "token-canary-0123456789"


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    return file


async def sent(*arguments: str, url: str = "{}", **environ: str | None) -> str | None:
    """The Authorization header that `alertd alerts` sent."""
    async with scripted(answer("[]")) as server:
        ran = await cli("alerts", "--url", url.format(server.url.removeprefix("http://")), *arguments, **environ)
        assert ran.status == 0, ran.err
    return server.asked[0].headers.get("Authorization")


async def test_a_token_comes_from_a_file_or_the_environment(token_file: Path) -> None:
    assert await sent(url="http://{}") is None
    assert await sent("--bearer-token-file", str(token_file), url="http://{}") == f"Bearer {TOKEN}"
    assert await sent(url="http://{}", ALERTD_TOKEN="other") == "Bearer other"
    both = await sent("--bearer-token-file", str(token_file), url="http://{}", ALERTD_TOKEN="other")
    assert both == f"Bearer {TOKEN}"


async def test_amtools_file_is_read_and_counts_more_than_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "http.yml"
    (tmp_path / "password").write_text("b\n")
    file.write_text("basic_auth: {username: a, password_file: password}\n")
    assert await sent("--http.config.file", str(file), url="http://{}", ALERTD_TOKEN="other") == "Basic YTpi"


async def test_a_user_of_the_url_counts_more_than_the_environment() -> None:
    assert await sent(url="http://a:b@{}", ALERTD_TOKEN="other") == "Basic YTpi"


async def test_what_contradicts_itself_is_wrong_usage(tmp_path: Path, token_file: Path) -> None:
    file = tmp_path / "http.yml"
    file.write_text("basic_auth: {username: a, password: b}\n")
    flags = ("--bearer-token-file", str(token_file))
    twice = await cli("alerts", "--http.config.file", str(file), *flags)
    assert (twice.status, "at most one of" in twice.err) == (2, True), twice.err
    twice = await cli("alerts", "--url", "http://a:b@localhost:1", *flags)
    assert (twice.status, "give them once" in twice.err) == (2, True), twice.err


async def test_a_broken_file_is_told_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "http.yml"
    file.write_text("basic_auth:\n  user: a\n  password: canary\n")
    ran = await cli("alerts", "--http.config.file", str(file))
    assert ran.status == 1
    assert f"{file}:2:3 basic_auth.user: field user not found" in ran.err
    assert "canary" not in ran.err


async def test_every_verb_that_asks_takes_them(tmp_path: Path, token_file: Path) -> None:
    authority = Authority(tmp_path)
    authority.sign("server", names=LOOPBACK)
    web = tmp_path / "web.yml"
    web.write_text("tls_server_config: {cert_file: server.pem, key_file: server.key}\n")
    config = tmp_path / "alertd.yml"
    tokens = "web: {tokens: [{name: ops, scope: operate, token_file: token}, {name: eye, token: eye-0123456789abc}]}\n"
    config.write_text(ALERTMANAGER_CONFIG + tokens)
    async with running(config, tmp_path / "data", f"--web.config.file={web}") as daemon:
        await daemon.event("alertd_started")
        where = ("--url", daemon.url, "--ca-file", str(authority.cert))
        who = ("--bearer-token-file", str(token_file))
        for verb in (
            ("alerts",),
            ("silence", "add", "A", "-c", "x", "--force"),
            ("silence", "list"),
            ("receivers", "test", "nobody"),
        ):
            assert (await cli(*verb, *where, *who)).status == 0, verb
            unknown = await cli(*verb, *where)
            assert (unknown.status, "--bearer-token-file or ALERTD_TOKEN" in unknown.err) == (5, True), verb
        assert (await cli("explain", "0123456789abcdef", *where, *who)).status == 4
        seen = await cli("silence", "list", *where, ALERTD_TOKEN="eye-0123456789abc")
        assert seen.status == 0
        refused = await cli("silence", "add", "B", "-c", "x", "--force", *where, ALERTD_TOKEN="eye-0123456789abc")
        assert refused.status == 5
        assert 'token "eye" has scope read; POST /api/v2/silences needs operate' in refused.err
        untrusted = await cli("alerts", "--url", daemon.url, *who)
        assert untrusted.status == 3
        assert "certificate not accepted" in untrusted.err
        assert "; say whom to trust with --ca-file" in untrusted.err
        assert "is it running" not in untrusted.err
        assert TOKEN not in str(daemon.events)
