"""`--web.config.file`: the same file makes alertd and a real Alertmanager answer the same requests alike."""

from __future__ import annotations

import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import aiohttp
import bcrypt
import pytest

from tests.support.certificates import LOOPBACK, Authority, Certificate
from tests.support.daemon import running
from tests.support.servers import ALERTMANAGER_CONFIG, alertmanager

HEADERS = (
    "WWW-Authenticate",
    "X-Frame-Options",
    "X-Content-Type-Options",
    "X-XSS-Protection",
    "Content-Security-Policy",
)
REQUESTS = (
    ("GET", "/-/healthy"),
    ("GET", "/-/ready"),
    ("GET", "/metrics"),
    ("GET", "/api/v2/status"),
    ("GET", "/api/v2/no-such-path"),
    ("OPTIONS", "/api/v2/alerts"),
    ("PUT", "/api/v2/alerts"),
    ("POST", "/api/v2/alerts"),
    ("POST", "/api/v2/silences"),
    ("POST", "/-/reload"),
)
SET_HEADERS = """
http_server_config:
  http2: false
  headers:
    X-Frame-Options: sameorigin
    X-Content-Type-Options: nosniff
    X-XSS-Protection: "1; mode=block"
    Content-Security-Policy: default-src 'self'
"""
TLS = "http_server_config: {http2: false}\ntls_server_config: {cert_file: server.pem, key_file: server.key%s}\n"
REFUSED = "no connection"

Answer = tuple[object, ...]


def hashed(password: str, prefix: bytes = b"2b") -> str:
    """With the prefix of `htpasswd` (2y), of Go (2a) or of Python (2b)."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).replace(b"$2b$", b"$" + prefix + b"$").decode()


USERS = f"""
basic_auth_users:
  ann: {hashed("a", b"2y")}
  bob: {hashed("b", b"2a")}
  ü: {hashed("ü", b"2b")}
"""


@asynccontextmanager
async def real(file: Path) -> AsyncIterator[str]:
    async with alertmanager(flags=[f"--web.config.file={file}"], is_guarded=True) as url:
        yield url


@asynccontextmanager
async def ours(file: Path) -> AsyncIterator[str]:
    config = file.parent / "alertd.yml"
    config.write_text(ALERTMANAGER_CONFIG)
    async with running(config, file.parent / "data", f"--web.config.file={file}") as daemon:
        await daemon.event("alertd_started")
        yield daemon.url


async def answers(
    url: str, *, headers: Mapping[str, str] | None = None, context: ssl.SSLContext | None = None
) -> list[Answer]:
    """Method, path, status and the headers that the file sets, or that there was no connection, for every request."""
    address = url.replace("http://", "https://") if context else url
    seen = () if context else HEADERS
    found: list[Answer] = []
    for method, path in REQUESTS:
        connector = aiohttp.TCPConnector(ssl=context if context else True)
        try:
            async with (
                aiohttp.ClientSession(connector=connector) as session,
                session.request(method, address + path, headers=headers, json=[]) as answer,
            ):
                found.append((method, path, answer.status, *(answer.headers.get(name) for name in seen)))
        except aiohttp.ClientError:
            found.append((method, path, REFUSED))
    return found


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}


async def assert_alike(file: Path, asks: Sequence[Callable[[str], Awaitable[list[Answer]]]]) -> None:
    """That the real one and ours give the same answers."""
    async with real(file) as theirs, ours(file) as mine:
        for ask in asks:
            assert await ask(mine) == await ask(theirs)


CREDENTIALS: tuple[dict[str, str], ...] = (
    {},
    basic("ann", "a"),
    basic("bob", "b"),
    basic("ü", "ü"),
    basic("ann", "b"),
    basic("nobody", "a"),
    basic("ann", ""),
    {"Authorization": basic("ann", "a")["Authorization"].replace("Basic", "bAsIc")},
    {"Authorization": "Basic"},
    {"Authorization": "Basic !!!"},
    {"Authorization": "Bearer ann:a"},
)


async def test_users_and_headers(tmp_path: Path) -> None:
    file = tmp_path / "web.yml"
    file.write_text(USERS + SET_HEADERS)

    await assert_alike(file, [partial(answers, headers=credentials) for credentials in CREDENTIALS])


@pytest.mark.parametrize(
    "auth_type", ["", "NoClientCert", "RequestClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"]
)
async def test_certificates_of_clients(tmp_path: Path, auth_type: str) -> None:
    authority, other = Authority(tmp_path), Authority(tmp_path, "other-ca")
    authority.sign("server", names=LOOPBACK)
    clients: list[Certificate | None] = [
        None,
        authority.sign("client", names="DNS:client"),
        authority.sign("no-client", names="DNS:x", usage="serverAuth"),
        other.sign("stranger", names="DNS:client"),
    ]
    file = tmp_path / "web.yml"
    trusted = ", client_ca_file: ca.pem" if auth_type.startswith(("Verify", "RequireAndVerify")) else ""
    file.write_text(TLS % (f', client_auth_type: "{auth_type}"{trusted}'))

    await assert_alike(file, [partial(answers, context=authority.context(client)) for client in clients])


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param("", id="defaults"),
        pytest.param(", min_version: TLS13", id="only TLS 1.3"),
        pytest.param(", max_version: TLS12", id="only TLS 1.2"),
        pytest.param(", cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]", id="one suite"),
        pytest.param(
            ", cipher_suites: [TLS_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256]", id="two"
        ),
        pytest.param(", curve_preferences: [CurveP384], prefer_server_cipher_suites: false", id="one curve"),
    ],
)
async def test_versions_and_suites(tmp_path: Path, keys: str) -> None:
    authority = Authority(tmp_path)
    authority.sign("server", names=LOOPBACK)
    file = tmp_path / "web.yml"
    file.write_text(TLS % keys)

    def client(version: ssl.TLSVersion, suites: str = "", curve: str = "") -> ssl.SSLContext:
        context = authority.context()
        context.minimum_version = context.maximum_version = version
        if suites:
            context.set_ciphers(suites)
        if curve:
            context.set_ecdh_curve(curve)
        return context

    contexts = [
        client(ssl.TLSVersion.TLSv1_2),
        client(ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-GCM-SHA256"),
        client(ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES256-GCM-SHA384"),
        client(ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-CHACHA20-POLY1305"),
        client(ssl.TLSVersion.TLSv1_3),
        client(ssl.TLSVersion.TLSv1_3, curve="secp384r1"),
        client(ssl.TLSVersion.TLSv1_3, curve="prime256v1"),
    ]

    await assert_alike(file, [partial(answers, context=context) for context in contexts])


async def test_a_client_that_speaks_no_tls_gets_no_answer_of_the_api(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.sign("server", names=LOOPBACK)
    file = tmp_path / "web.yml"
    file.write_text(TLS % "")
    async with ours(file) as url:
        assert {one[2:] for one in await answers(url.replace("https://", "http://"))} == {(REFUSED,)}
