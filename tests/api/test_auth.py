"""Who is let through the gate, and what everybody else is answered."""

from __future__ import annotations

import asyncio
import hashlib
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import bcrypt
import pytest
from aiohttp.test_utils import TestClient, TestServer

from alertd.api.auth import Access, AccessError
from alertd.api.auth_middleware import Gate
from alertd.api.auth_passwords import MOST_WAITING, Passwords, TooManyLoginsError
from alertd.api.server import make_app
from alertd.api.web_settings import AccessSettings, RateLimitSettings, WebFile
from alertd.clock import SimulatedClock
from alertd.secret import Secret
from tests.support.services import AT, services

TOKENS = {scope: f"{scope}-token-0123456789" for scope in ("read", "operate", "admin")}
ClientOf = Callable[..., Awaitable[TestClient[Any, Any]]]


def hashed(password: str, *, cost: int = 4) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}


def access(file: dict[str, Any] | None = None, **settings: Any) -> Access:
    return Access.from_settings(WebFile.model_validate(file or {}), AccessSettings.model_validate(settings))


def by_scope(**settings: Any) -> Access:
    return access(tokens=[{"name": scope, "scope": scope, "token": TOKENS[scope]} for scope in TOKENS], **settings)


@pytest.fixture
async def client_of() -> AsyncIterator[ClientOf]:
    """`await client_of(access)`: a client of the doors behind such a gate."""
    async with AsyncExitStack() as stack:

        async def to(
            given: Access, *, limit: RateLimitSettings | None = None, prefix: str = "", clock: Any = None
        ) -> TestClient[Any, Any]:
            clock = clock or SimulatedClock(AT)
            gate = Gate(given, limit or RateLimitSettings(), monotonic=clock.monotonic)
            stack.callback(gate.close)
            app = make_app(services(), prefix=prefix, gate=gate)
            return await stack.enter_async_context(TestClient(TestServer(app)))

        yield to


@pytest.mark.parametrize(
    ("method", "path", "needs"),
    [
        ("GET", "/metrics", "read"),
        ("GET", "/api/v2/alerts", "read"),
        ("GET", "/api/v1/rules", "read"),
        ("GET", "/no/such/path", "read"),
        ("POST", "/api/v2/alerts", "operate"),
        ("POST", "/api/v2/silences", "operate"),
        ("DELETE", "/api/v2/silence/00000000-0000-4000-8000-000000000000", "operate"),
        ("POST", "/api/alertd/v1/receivers/ops/test", "operate"),
        ("POST", "/-/reload", "admin"),
    ],
)
async def test_a_token_may_do_what_its_scope_covers(client_of: ClientOf, method: str, path: str, needs: str) -> None:
    client = await client_of(by_scope())
    scopes = list(TOKENS)
    for scope, token in TOKENS.items():
        async with client.request(method, path, json=[], headers=bearer(token)) as answer:
            covered = scopes.index(scope) >= scopes.index(needs)
            assert (answer.status not in (401, 403)) is covered, (scope, answer.status)
            if not covered:
                assert answer.status == 403
                assert f'token "{scope}" has scope {scope}' in await answer.text()


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer read-token-012345678",
        "Bearer read-token-0123456789x",
        "Basic " + b64encode(f"read:{TOKENS['read']}".encode()).decode(),
        "Token " + TOKENS["read"],
        TOKENS["read"],
    ],
)
async def test_who_does_not_show_a_token_is_told_how(client_of: ClientOf, header: str | None) -> None:
    client = await client_of(by_scope())
    headers = {} if header is None else {"Authorization": header}
    async with client.get("/api/v2/status", headers=headers) as answer:
        assert (answer.status, answer.headers.getall("WWW-Authenticate")) == (401, ["Bearer"])


async def test_a_token_may_be_a_text_a_file_or_a_hash(client_of: ClientOf, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKENS['operate']}\n")
    client = await client_of(
        access(
            tokens=[
                {"name": "text", "token": TOKENS["read"]},
                {"name": "file", "token_file": str(tmp_path / "token")},
                {"name": "hash", "token_hash": hashlib.sha256(TOKENS["admin"].encode()).hexdigest().upper()},
            ]
        )
    )
    for token in TOKENS.values():
        async with client.get("/metrics", headers=bearer(token)) as answer:
            assert answer.status == 200
    async with client.get("/metrics", headers=bearer(hashlib.sha256(TOKENS["admin"].encode()).hexdigest())) as answer:
        assert answer.status == 401, "the hash is no token"


async def test_a_token_file_that_is_not_there_or_too_short_is_told(tmp_path: Path) -> None:
    path = tmp_path / "token"
    with pytest.raises(AccessError, match=r'web.tokens\[0\] "ci": cannot read .*token: No such file'):
        access(tokens=[{"name": "ci", "token_file": str(path)}])
    path.write_text("canary")
    with pytest.raises(AccessError, match="fewer than 16") as told:
        access(tokens=[{"name": "ci", "token_file": str(path)}])
    assert "canary" not in str(told.value)


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 200, id="a program"),
        pytest.param(FORM, 200, id="a program that sends a form, as curl -d does"),
        pytest.param({"Sec-Fetch-Site": "none"}, 200, id="the user himself"),
        pytest.param({"Sec-Fetch-Site": "same-origin", "Origin": "http://proxied"}, 200, id="a page of our own"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, 403, id="another site, without a body"),
        pytest.param({"Sec-Fetch-Site": "cross-site", **FORM}, 403, id="a form of another site"),
        pytest.param({"Sec-Fetch-Site": "same-site", **FORM}, 403, id="a form of a neighbour"),
        pytest.param({"Origin": "http://evil.example", **FORM}, 403, id="a form of another site, over plain HTTP"),
        pytest.param({"Origin": "null", **FORM}, 403, id="a form of a page that hides where it is from"),
        pytest.param({"Origin": "http://{host}", **FORM}, 200, id="a page of our own, over plain HTTP"),
        pytest.param(
            {"Sec-Fetch-Site": "cross-site", "Content-Type": "application/json"}, 200, id="JSON, which browsers ask about first"
        ),
    ],
)  # fmt: skip
async def test_no_page_of_another_site_acts_in_the_name_of_its_reader(
    client_of: ClientOf, headers: dict[str, str], status: int
) -> None:
    client = await client_of(access({"basic_auth_users": {"ann": hashed("secret")}}))
    given = {name: text.format(host=f"{client.host}:{client.port}") for name, text in headers.items()}
    async with client.post("/-/reload", headers={**basic("ann", "secret"), **given}) as answer:
        assert answer.status == status, await answer.text()
    async with client.get("/api/v2/status", headers={**basic("ann", "secret"), **given}) as answer:
        assert answer.status == 200, "reading is for every page that may see the answer"


async def test_open_paths_are_open_and_nothing_else_is(client_of: ClientOf) -> None:
    client = await client_of(by_scope(open=["/metrics", "/-/ready"]), prefix="/alertd")
    for path, status in (("/metrics", 200), ("/-/ready", 200), ("/-/healthy", 401), ("/api/v2/status", 401)):
        assert (await client.get(f"/alertd{path}")).status == status, path
    assert (await client.post("/alertd/metrics")).status == 401


async def test_charts_may_be_open_and_nothing_else_of_an_alert_is(client_of: ClientOf) -> None:
    client = await client_of(by_scope(open=["/api/alertd/v1/alerts/{fingerprint}/chart.png"]), prefix="/alertd")
    for path, status in (("alerts/0123/chart.png", 404), ("alerts/0123/chart.svg", 401), ("explain/0123", 401)):
        assert (await client.get(f"/alertd/api/alertd/v1/{path}")).status == status, path


async def test_users_have_every_right_unless_a_scope_is_said(client_of: ClientOf) -> None:
    users = {"basic_auth_users": {"ann": hashed("a"), "eve": hashed("e")}}
    client = await client_of(access(users, user_scopes={"eve": "read"}))
    for user, password, status in (("ann", "a", 200), ("eve", "e", 403), ("eve", "a", 401), ("bob", "a", 401)):
        answer = await client.post("/-/reload", headers=basic(user, password))
        assert answer.status == status, user
        assert answer.headers.get("WWW-Authenticate") == ("Basic" if status == 401 else None)
    assert (await client.get("/api/v2/status", headers=basic("eve", "e"))).status == 200


@pytest.mark.parametrize(
    "credentials",
    [
        pytest.param(b"ann", id="no colon"),
        pytest.param(b"ann:" + b"a" * 73, id="longer than bcrypt looks at"),
        pytest.param(b"ann:a\x00b", id="with a NUL"),
        pytest.param(b"\xff:a", id="no UTF-8"),
        pytest.param(b":", id="nobody"),
    ],
)
async def test_odd_credentials_are_refused(client_of: ClientOf, credentials: bytes) -> None:
    client = await client_of(access({"basic_auth_users": {"ann": hashed("a")}}))
    for text in (b64encode(credentials).decode(), "%%%", ""):
        answer = await client.get("/metrics", headers={"Authorization": f"basic {text}"})
        assert answer.status == 401


async def test_a_changed_file_counts_from_the_next_request(client_of: ClientOf) -> None:
    clock = SimulatedClock(AT)
    gate = Gate(access({"basic_auth_users": {"ann": hashed("old")}}), RateLimitSettings(), monotonic=clock.monotonic)
    async with TestClient(TestServer(make_app(services(), gate=gate))) as client:
        old, new = basic("ann", "old"), basic("ann", "new")
        assert (await client.get("/metrics", headers=old)).status == 200
        gate.replace(access({"basic_auth_users": {"ann": hashed("new")}}), RateLimitSettings())
        assert (await client.get("/metrics", headers=old)).status == 401
        assert (await client.get("/metrics", headers=new)).status == 200
        gate.replace(access(), RateLimitSettings())
        assert (await client.get("/metrics")).status == 200
    gate.close()


async def test_headers_of_the_file_are_on_every_answer_and_count_before_ours(client_of: ClientOf) -> None:
    file = {
        "basic_auth_users": {"ann": hashed("a")},
        "http_server_config": {"headers": {"X-Frame-Options": "sameorigin", "Strict-Transport-Security": "max-age=9"}},
    }
    client = await client_of(access(file))
    for credentials, path in ((None, "/metrics"), (basic("ann", "a"), "/metrics"), (None, "/nowhere")):
        headers = (await client.get(path, headers=credentials)).headers
        assert headers.getall("X-Frame-Options") == ["sameorigin"]
        assert headers["Strict-Transport-Security"] == "max-age=9"
        assert headers["X-Content-Type-Options"] == "nosniff"


async def test_the_rate_limit_lets_a_burst_through_and_then_one_per_interval(client_of: ClientOf) -> None:
    clock = SimulatedClock(AT)
    limit = RateLimitSettings.model_validate({"interval": "2s", "burst": 3})
    client = await client_of(access(), limit=limit, clock=clock)

    async def statuses(count: int) -> list[int]:
        return [(await client.get("/healthz")).status for _ in range(count)]

    assert await statuses(5) == [200, 200, 200, 429, 429]
    await clock.advance(timedelta(seconds=4))
    assert await statuses(3) == [200, 200, 429]
    await clock.advance(timedelta(hours=1))
    assert await statuses(4) == [200, 200, 200, 429], "it never saves more than the burst"


# -- passwords ------------------------------------------------------------------------------------------------------


@pytest.fixture
async def passwords() -> AsyncIterator[Passwords]:
    checked = Passwords()
    yield checked
    checked.close()


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What bcrypt was asked for, in order."""
    asked: list[bytes] = []
    real = bcrypt.checkpw

    def counting(password: bytes, against: bytes) -> bool:
        asked.append(against)
        return real(password, against)

    monkeypatch.setattr(bcrypt, "checkpw", counting)
    return asked


async def test_the_same_password_is_computed_once(passwords: Passwords, computed: list[bytes]) -> None:
    users = {"ann": Secret(hashed("a"))}
    assert await asyncio.gather(*(passwords.match(users, "ann", b"a") for _ in range(10))) == [True] * 10
    assert not await passwords.match(users, "ann", b"b")
    assert not await passwords.match(users, "ann", b"b")
    assert len(computed) == 2


async def test_guesses_do_not_push_out_what_is_right(passwords: Passwords, computed: list[bytes]) -> None:
    users = {"ann": Secret(hashed("a"))}
    assert await passwords.match(users, "ann", b"a")
    for number in range(150):
        assert not await passwords.match(users, "ann", b"%d" % number)
    computed.clear()
    assert await passwords.match(users, "ann", b"a")
    assert computed == []


async def test_an_unknown_user_costs_as_much_as_a_known_one(passwords: Passwords, computed: list[bytes]) -> None:
    users = {"ann": Secret(hashed("a", cost=5))}
    assert not await passwords.match(users, "bob", b"a")
    assert not await passwords.match(users, "ann", b"b")
    assert [one[:7] for one in computed] == [b"$2b$05$", b"$2b$05$"]


async def test_too_many_guesses_at_once_are_refused(passwords: Passwords) -> None:
    users = {"ann": Secret(hashed("a"))}
    guesses = [passwords.match(users, "ann", b"%d" % number) for number in range(MOST_WAITING + 5)]
    results = await asyncio.gather(*guesses, return_exceptions=True)
    assert results.count(False) == MOST_WAITING
    assert sum(isinstance(one, TooManyLoginsError) for one in results) == 5
    assert await passwords.match(users, "ann", b"a"), "and then it goes on"
