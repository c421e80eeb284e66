"""Who is let in changes with the files that say so, while alertd runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import bcrypt
import pytest
from structlog.testing import capture_logs

from alertd.api.server import Server, make_app
from alertd.api.web_settings import AccessSettings
from alertd.clock import SimulatedClock
from alertd.entrance import LOOK_EVERY, Entrance, EntranceError
from alertd.errors import AlertdError
from alertd.http import HttpClient, HttpError, HttpSettings, new_session
from tests.support.certificates import LOOPBACK, Authority
from tests.support.services import AT, services

TOKEN = "0123456789abcdef"


def users(*names: str) -> str:
    """A file in which everybody's password is his name."""
    hashes = (f"  {name}: {bcrypt.hashpw(name.encode(), bcrypt.gensalt(4)).decode()}\n" for name in names)
    return "basic_auth_users:\n" + "".join(hashes)


def put(file: Path, text: str) -> None:
    """As tools replace files: at once."""
    new = file.with_suffix(".new")
    new.write_text(text)
    new.rename(file)


class Doors:
    """A server behind an entrance, on a clock that the test moves."""

    def __init__(self, server: Server, entrance: Entrance, clock: SimulatedClock) -> None:
        self._server = server
        self._clock = clock
        self.entrance = entrance

    async def status(self, **settings: Any) -> int:
        async with new_session() as session:
            http = HttpClient(session, HttpSettings.model_validate(settings))
            return (await http.request("GET", f"{self._server.url}/healthz")).status

    async def look(self, done: Callable[[], bool]) -> None:
        """Let the entrance look at its files until `done`."""
        async with asyncio.timeout(10):
            while not done():
                await self._clock.advance(LOOK_EVERY)
                await asyncio.sleep(0.01)  # it reads files in a thread


@asynccontextmanager
async def doors(file: Path | None, **settings: Any) -> AsyncIterator[Doors]:
    clock = SimulatedClock(AT)
    entrance = await Entrance.open(file, AccessSettings.model_validate(settings), clock=clock)
    server = Server(make_app(services(), gate=entrance.gate), "127.0.0.1:0", tls=entrance.tls)
    await server.start()
    looking = asyncio.create_task(entrance.run())
    try:
        yield Doors(server, entrance, clock)
    finally:
        looking.cancel()
        await server.stop()
        entrance.close()


def as_user(name: str) -> dict[str, Any]:
    return {"basic_auth": {"username": name, "password": name}}


def with_token(token: str) -> dict[str, Any]:
    return {"authorization": {"credentials": token}}


async def test_changed_users_count_and_a_mistake_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "web.yml"
    file.write_text(users("ann"))
    async with doors(file) as entered:
        assert (await entered.status(**as_user("ann")), await entered.status(**as_user("bob"))) == (200, 401)
        with capture_logs() as logs:
            put(file, users("bob"))
            await entered.look(lambda: any(one["event"] == "web_config_loaded" for one in logs))
            assert (await entered.status(**as_user("ann")), await entered.status(**as_user("bob"))) == (401, 200)

            put(file, "basic_auth_users: {eve: eve}\n")
            await entered.look(lambda: any(one["event"] == "web_config_refused" for one in logs))
            (refused,) = [one for one in logs if one["event"] == "web_config_refused"]
            assert f"{file}:1:25 basic_auth_users.eve: this is no bcrypt hash" in refused["error"]
            assert (await entered.status(), await entered.status(**as_user("bob"))) == (401, 200)

            file.unlink()
            await entered.look(lambda: sum(one["event"] == "web_config_refused" for one in logs) == 2)
            assert await entered.status(**as_user("bob")) == 200

            put(file, users("ann"))
            await entered.look(lambda: sum(one["event"] == "web_config_loaded" for one in logs) == 2)
            assert await entered.status(**as_user("ann")) == 200


async def test_a_token_file_that_changes_counts(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    async with doors(None, tokens=[{"name": "ci", "token_file": str(file)}]) as entered:
        assert (await entered.status(), await entered.status(**with_token(TOKEN))) == (401, 200)
        with capture_logs() as logs:
            put(file, TOKEN[::-1])
            await entered.look(lambda: any(one["event"] == "web_config_loaded" for one in logs))
        assert (await entered.status(**with_token(TOKEN)), await entered.status(**with_token(TOKEN[::-1]))) == (
            401,
            200,
        )


async def test_a_reload_takes_other_tokens(tmp_path: Path) -> None:
    async with doors(None) as entered:
        assert await entered.status() == 200
        settings = AccessSettings.model_validate({"tokens": [{"name": "ci", "token": TOKEN}]})
        entered.entrance.take(await entered.entrance.prepare(settings))
        assert (await entered.status(), await entered.status(**with_token(TOKEN))) == (401, 200)
        missing = AccessSettings.model_validate({"tokens": [{"name": "ci", "token_file": str(tmp_path / "gone")}]})
        with pytest.raises(AlertdError, match="cannot read"):
            await entered.entrance.prepare(missing)
        assert await entered.status(**with_token(TOKEN)) == 200


async def test_a_renewed_certificate_is_shown_to_the_next_connection(tmp_path: Path) -> None:
    old, new = Authority(tmp_path, "old"), Authority(tmp_path, "new")
    old.sign("server", names=LOOPBACK)
    file = tmp_path / "web.yml"
    file.write_text("tls_server_config: {cert_file: server.pem, key_file: server.key}\n")

    def trusting(authority: Authority) -> dict[str, Any]:
        return {"tls_config": {"ca_file": str(authority.cert)}}

    async with doors(file) as entered:
        assert await entered.status(**trusting(old)) == 200
        with capture_logs() as logs:
            new.sign("server", names=LOOPBACK)
            await entered.look(lambda: any(one["event"] == "web_config_loaded" for one in logs))
        assert await entered.status(**trusting(new)) == 200
        with pytest.raises(HttpError, match="certificate not accepted"):
            await entered.status(**trusting(old))

        file.write_text("")
        with pytest.raises(EntranceError, match="TLS cannot be switched on or off while alertd runs"):
            await entered.entrance.prepare(AccessSettings())


@pytest.mark.parametrize(
    ("names", "is_let_in"),
    [
        ("DNS:a.example.com", True),
        ("DNS:b.example.com,IP:10.0.0.1", True),
        ("IP:2001:db8::1", True),
        ("URI:spiffe://example.com/a", True),
        ("email:ann@example.com", True),
        ("DNS:b.example.com", False),
        ("DNS:sub.a.example.com", False),
    ],
)
async def test_only_certificates_with_an_allowed_name_get_through(tmp_path: Path, names: str, is_let_in: bool) -> None:
    authority = Authority(tmp_path)
    authority.sign("server", names=LOOPBACK)
    client = authority.sign("client", names=names)
    file = tmp_path / "web.yml"
    allowed = '[a.example.com, 10.0.0.1, "2001:db8::1", "spiffe://example.com/a", ann@example.com]'
    file.write_text(
        "tls_server_config: {cert_file: server.pem, key_file: server.key, client_ca_file: ca.pem,\n"
        f"  client_auth_type: RequireAndVerifyClientCert, client_allowed_sans: {allowed}}}\n"
    )
    tls = {"ca_file": str(authority.cert), "cert_file": str(client.cert), "key_file": str(client.key)}
    async with doors(file) as entered:
        if is_let_in:
            assert await entered.status(tls_config=tls) == 200
        else:
            with pytest.raises(HttpError):
                await entered.status(tls_config=tls)


async def test_a_scope_of_a_user_that_is_not_there_is_told(tmp_path: Path) -> None:
    file = tmp_path / "web.yml"
    file.write_text(users("viewer"))
    with capture_logs() as logs:
        async with doors(file, user_scopes={"viewr": "read"}):
            pass
    assert [(one["user"], one["log_level"]) for one in logs if one["event"] == "scope_of_no_user"] == [
        ("viewr", "warning")
    ]
