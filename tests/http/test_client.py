"""`HttpClient` against a real server: what is sent, what is read, and how it fails without giving a secret away."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from subprocess import run
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from alertd import __version__
from alertd.http import HttpClient, HttpError, HttpErrorKind, HttpSettings, new_session
from tests.support.servers import answer, hang, hang_up, nobody_listens, program, scripted


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with new_session() as session:
        yield session


def client(session: aiohttp.ClientSession, **settings: Any) -> HttpClient:
    return HttpClient(session, HttpSettings.model_validate(settings))


async def test_any_status_is_an_answer(session: aiohttp.ClientSession) -> None:
    async with scripted(answer("no", status=503, Retry_After="7")) as server:
        got = await client(session).request("POST", server.url, data=b"body")

    assert (got.status, got.ok, got.body, got.headers["retry-after"]) == (503, False, b"no", "7")
    assert server.asked[0].body == b"body"
    assert server.asked[0].headers["User-Agent"] == f"alertd/{__version__}"


async def test_fields_are_sent_as_a_form(session: aiohttp.ClientSession) -> None:
    async with scripted(answer()) as server:
        await client(session).request("POST", server.url, data={"query": 'a{b="c"} > 1', "time": "1"})

    assert server.asked[0].headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert server.asked[0].body == b"query=a%7Bb%3D%22c%22%7D+%3E+1&time=1"


async def test_a_body_is_read_up_to_the_limit(session: aiohttp.ClientSession) -> None:
    async with scripted(answer("x" * 10), answer("x" * 1_000_000)) as server:
        http = HttpClient(session, max_bytes=10)
        fits, cut = [await http.request("GET", server.url) for _ in range(2)]

    assert (len(fits.body), fits.truncated) == (10, False)
    assert (len(cut.body), cut.truncated) == (10, True)


@pytest.mark.parametrize(
    ("settings", "header"),
    [
        pytest.param(
            {"basic_auth": {"username": "me", "password": "pä"}},
            "Basic " + base64.b64encode("me:pä".encode()).decode(),
            id="basic_auth",
        ),
        pytest.param({"authorization": {"credentials": "tok"}}, "Bearer tok", id="authorization is a bearer token"),
        pytest.param({"authorization": {"type": "Key", "credentials": "tok"}}, "Key tok", id="another type"),
        pytest.param({"bearer_token": "old"}, "Bearer old", id="the older spelling"),
    ],
)
async def test_credentials(session: aiohttp.ClientSession, settings: dict[str, Any], header: str) -> None:
    async with scripted(answer()) as server:
        await client(session, **settings).request("GET", server.url)

    assert server.asked[0].headers["Authorization"] == header


async def test_credential_files_are_read_at_each_request(session: aiohttp.ClientSession, tmp_path: Path) -> None:
    token = tmp_path / "token"
    async with scripted(answer()) as server:
        http = client(session, authorization={"credentials_file": str(token)})
        for text in ("first\n", "second\n"):
            token.write_text(text)
            await http.request("GET", server.url)

    assert [asked.headers["Authorization"] for asked in server.asked] == ["Bearer first", "Bearer second"]


async def test_a_missing_credential_file_says_which(session: aiohttp.ClientSession, tmp_path: Path) -> None:
    http = client(session, bearer_token_file=str(tmp_path / "gone"))

    with pytest.raises(HttpError, match=r"cannot read bearer_token_file .*gone: No such file") as caught:
        await http.request("GET", "http://127.0.0.1:1/")

    assert caught.value.kind is HttpErrorKind.OTHER


async def test_further_headers_are_all_sent(session: aiohttp.ClientSession, tmp_path: Path) -> None:
    file = tmp_path / "header"
    file.write_text("c\n")
    given = {"values": ["a"], "secrets": ["b"], "files": [str(file)]}
    seen: list[list[str]] = []

    async def look(request: web.Request) -> web.StreamResponse:
        seen.append(request.headers.getall("X-Key"))
        return web.Response()

    async with scripted(look) as server:
        await client(session, http_headers={"X-Key": given}).request("GET", server.url)

    assert seen == [["a", "b", "c"]]


@pytest.mark.parametrize(("follow", "status"), [pytest.param(True, 200, id="on"), pytest.param(False, 302, id="off")])
async def test_follow_redirects(session: aiohttp.ClientSession, follow: bool, status: int) -> None:
    async with scripted(answer(status=302, Location="/there"), answer("here")) as server:
        got = await client(session, follow_redirects=follow).request("GET", server.url)

    assert got.status == status


@pytest.mark.parametrize(
    ("status", "arrives"), [pytest.param(307, True, id="body kept"), pytest.param(302, False, id="body lost")]
)
async def test_a_redirect_that_loses_the_body_is_no_success(
    session: aiohttp.ClientSession, status: int, arrives: bool
) -> None:
    async with scripted(answer()) as there, scripted(answer(status=status, Location=there.url + "/hush")) as server:
        if arrives:
            assert (await client(session).request("POST", server.url, data=b"body")).ok
            assert there.asked[0].body == b"body"
        else:
            with pytest.raises(HttpError, match=f"redirects to {there.url}; give that address instead"):
                await client(session).request("POST", server.url, data=b"body")


async def test_a_proxy_is_asked_for_the_whole_url(session: aiohttp.ClientSession) -> None:
    async with scripted(answer("from the proxy")) as proxy:
        settings = {"proxy_url": proxy.url, "proxy_connect_header": {"X-Proxy": ["p"]}}
        got = await client(session, **settings).request("GET", "http://nowhere.invalid/path")

    assert got.body == b"from the proxy"
    assert (proxy.asked[0].path, proxy.asked[0].headers["Host"]) == ("/path", "nowhere.invalid")


SECRET_URL = "/services/T0/hush?token=hush"


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        pytest.param(HttpErrorKind.DNS, "http://no-such-host.invalid" + SECRET_URL, id="the name does not resolve"),
        pytest.param(HttpErrorKind.OTHER, "nonsense" + SECRET_URL, id="it is no URL"),
        pytest.param(HttpErrorKind.OTHER, "http://[bad" + SECRET_URL, id="the host is unreadable"),
    ],
)
async def test_bad_addresses(session: aiohttp.ClientSession, kind: HttpErrorKind, url: str) -> None:
    with pytest.raises(HttpError) as caught:
        await client(session).request("GET", url)

    assert caught.value.kind is kind
    assert "hush" not in str(caught.value)


async def test_nobody_listens(session: aiohttp.ClientSession) -> None:
    with nobody_listens() as port, pytest.raises(HttpError) as caught:
        await client(session).request("GET", f"http://me:hush@127.0.0.1:{port}{SECRET_URL}")

    assert caught.value.kind is HttpErrorKind.REFUSED
    assert str(caught.value) == f"http://127.0.0.1:{port}: connection refused"


@pytest.mark.parametrize(
    ("handler", "kind", "text"),
    [
        pytest.param(hang, HttpErrorKind.TIMEOUT, "no answer in time", id="it never answers"),
        pytest.param(hang_up, HttpErrorKind.RESET, "connection lost", id="it hangs up"),
        pytest.param(answer(status=302, Location="/again"), HttpErrorKind.OTHER, "too many redirects", id="a circle"),
    ],
)
async def test_bad_servers(session: aiohttp.ClientSession, handler: Any, kind: HttpErrorKind, text: str) -> None:
    async with scripted(handler) as server:
        with pytest.raises(HttpError, match=text) as caught:
            await client(session).request("GET", server.url + SECRET_URL, timeout=timedelta(milliseconds=200))

    assert caught.value.kind is kind
    assert "hush" not in str(caught.value)


async def test_cancellation_is_not_an_error_of_the_server(session: aiohttp.ClientSession) -> None:
    async with scripted(hang) as server:
        task = asyncio.create_task(client(session).request("GET", server.url))
        await server.arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for the name `alertd.example`, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = [
        program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
        "-days", "1", "-subj", "/CN=alertd.example", "-addext", "subjectAltName=DNS:alertd.example",
        "-keyout", str(key), "-out", str(cert),
    ]  # fmt: skip
    run(command, check=True, capture_output=True)
    return cert, key


@pytest.fixture
async def https(certificate: tuple[Path, Path]) -> AsyncIterator[str]:
    """A server that shows the certificate and wants to see the same one from the client."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificate[0])
    context.load_cert_chain(*certificate)
    context.verify_mode = ssl.CERT_OPTIONAL

    async def who(request: web.Request) -> web.Response:
        assert request.transport is not None
        return web.Response(text="known" if request.transport.get_extra_info("peercert") else "anonymous")

    app = web.Application()
    app.router.add_get("/", who)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    yield f"https://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


async def test_an_unknown_certificate_is_not_accepted(session: aiohttp.ClientSession, https: str) -> None:
    with pytest.raises(HttpError, match=r"certificate not accepted: self-signed.*see tls_config") as caught:
        await client(session).request("GET", https)

    assert caught.value.kind is HttpErrorKind.TLS


async def test_a_certificate_for_another_name_is_not_accepted(
    session: aiohttp.ClientSession, https: str, certificate: tuple[Path, Path]
) -> None:
    with pytest.raises(HttpError, match="certificate not accepted"):
        await client(session, tls_config={"ca_file": str(certificate[0])}).request("GET", https)


@pytest.mark.parametrize("given", ["file", "text"])
async def test_both_sides_show_their_certificate(
    session: aiohttp.ClientSession, https: str, certificate: tuple[Path, Path], given: str
) -> None:
    cert, key = certificate
    files = {"ca_file": str(cert), "cert_file": str(cert), "key_file": str(key)}
    texts = {"ca": cert.read_text(), "cert": cert.read_text(), "key": key.read_text()}
    tls = {**(files if given == "file" else texts), "server_name": "alertd.example", "min_version": "TLS12"}

    got = await client(session, tls_config=tls).request("GET", https)

    assert got.body == b"known"


async def test_verification_can_be_switched_off(session: aiohttp.ClientSession, https: str) -> None:
    got = await client(session, tls_config={"insecure_skip_verify": True}).request("GET", https)

    assert got.body == b"anonymous"


async def test_a_renewed_certificate_needs_no_restart(
    session: aiohttp.ClientSession, https: str, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_text("not yet a certificate")
    http = client(session, tls_config={"ca_file": str(ca), "server_name": "alertd.example"})

    with pytest.raises(HttpError, match=r"tls_config: cannot use .*ca\.pem"):
        await http.request("GET", https)
    ca.write_text(certificate[0].read_text())

    assert (await http.request("GET", https)).ok


def token(text: str, *, lifetime: float | None = 3600) -> str:
    return json.dumps({"access_token": text, "token_type": "bearer", "expires_in": lifetime})


async def test_an_oauth2_token_is_fetched_once(session: aiohttp.ClientSession) -> None:
    async with scripted(answer(token("t1"))) as issuer, scripted(answer()) as server:
        oauth2 = {
            "client_id": "id",
            "client_secret": "s&",
            "token_url": issuer.url,
            "scopes": ["a", "b"],
            "endpoint_params": {"audience": "x"},
        }
        http = client(session, oauth2=oauth2)
        await asyncio.gather(*(http.request("GET", server.url) for _ in range(5)))

    assert {asked.headers["Authorization"] for asked in server.asked} == {"Bearer t1"}
    assert [asked.body for asked in issuer.asked] == [b"grant_type=client_credentials&scope=a+b&audience=x"]
    assert issuer.asked[0].headers["Authorization"] == "Basic " + base64.b64encode(b"id:s%26").decode()


async def test_an_expiring_or_refused_oauth2_token_is_replaced(session: aiohttp.ClientSession) -> None:
    tokens = [answer(token("short", lifetime=5)), answer(token("refused")), answer(token("good"))]
    async with scripted(*tokens) as issuer, scripted(answer(), answer(status=401), answer()) as server:
        http = client(session, oauth2={"client_id": "id", "client_secret": "s", "token_url": issuer.url})
        for _ in range(3):
            await http.request("GET", server.url)

    assert [asked.headers["Authorization"].split()[1] for asked in server.asked] == ["short", "refused", "good"]


async def test_an_issuer_may_want_the_secret_in_the_form(session: aiohttp.ClientSession) -> None:
    async with scripted(answer(status=401), answer(token("t"))) as issuer, scripted(answer()) as server:
        http = client(session, oauth2={"client_id": "id", "client_secret": "s", "token_url": issuer.url})
        await http.request("GET", server.url)

    assert "Authorization" not in issuer.asked[1].headers
    assert issuer.asked[1].body == b"grant_type=client_credentials&client_id=id&client_secret=s"


@pytest.mark.parametrize(
    ("issued", "problem"),
    [
        pytest.param(answer("hush", status=500), "the server answered 500", id="an error"),
        pytest.param(answer("<html>"), "the answer is not a token", id="no JSON"),
        pytest.param(answer("{}"), "the answer is not a token", id="no token"),
        pytest.param(answer(token("t", lifetime=-1)), "the answer is not a token", id="a negative life"),
    ],
)
async def test_no_token(session: aiohttp.ClientSession, issued: Any, problem: str) -> None:
    async with scripted(issued) as issuer:
        http = client(session, oauth2={"client_id": "id", "client_secret": "hush", "token_url": issuer.url})
        with pytest.raises(HttpError, match=problem) as caught:
            await http.request("GET", "http://127.0.0.1:1/")

    assert "hush" not in str(caught.value)
