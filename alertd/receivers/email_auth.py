"""Logging in to a mail server: CRAM-MD5, PLAIN and LOGIN, as Alertmanager chooses among them."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

import aiosmtplib

from alertd.errors import AlertdError

CONTINUE = 334
TAKEN = 235


class SmtpUnusableError(AlertdError):
    """The mail server and the configuration do not go together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """password is for PLAIN and LOGIN, secret for CRAM-MD5; "" where it is not given."""

    username: str = ""
    password: str = ""
    secret: str = ""
    identity: str = ""

    def __repr__(self) -> str:
        return "Credentials(...)"

    def spellings(self) -> Iterator[str]:
        """Every form in which one of the secrets goes over the wire, or may come back."""
        for secret in filter(None, (self.password, self.secret)):
            yield secret
            yield _base64(secret)
        if self.password:
            yield _base64(self._plain)

    @property
    def _plain(self) -> str:
        return f"{self.identity}\0{self.username}\0{self.password}"


_LogIn = Callable[[aiosmtplib.SMTP, Credentials], Awaitable[None]]


async def log_in(client: aiosmtplib.SMTP, credentials: Credentials, *, host: str) -> None:
    """Log in by the first mechanism the server offers and there is a secret for.

    Without a user, or where the server offers no AUTH, nothing is done. Raises SmtpUnusableError,
    aiosmtplib.SMTPAuthenticationError and what a lost connection raises.
    """
    if not credentials.username or not client.supports_extension("auth"):
        return
    is_private = client.get_transport_info("sslcontext") is not None or _is_this_machine(host)
    offered = client.server_auth_methods
    for name in offered:
        mechanism = _MECHANISMS.get(name.lower())
        if mechanism and getattr(credentials, mechanism.needs) and (is_private or mechanism.hides_it):
            await mechanism.log_in(client, credentials)
            return
    raise SmtpUnusableError(_why_not(offered, credentials, is_private=is_private))


def _why_not(offered: Sequence[str], credentials: Credentials, *, is_private: bool) -> str:
    names = ", ".join(offered).upper() or "nothing"
    known = [_MECHANISMS[name.lower()] for name in offered if name.lower() in _MECHANISMS]
    if not known:
        return f"the mail server offers {names} to log in, not PLAIN, LOGIN or CRAM-MD5"
    if any(getattr(credentials, one.needs) for one in known) and not is_private:
        return f"the mail server offers {names}, which would send the password in clear text; set require_tls: true"
    missing = " or ".join(sorted({f"auth_{one.needs}" for one in known}))
    return f"the mail server offers {names} to log in: set {missing}"


async def _cram_md5(client: aiosmtplib.SMTP, credentials: Credentials) -> None:
    await client.auth_crammd5(credentials.username, credentials.secret)


async def _plain(client: aiosmtplib.SMTP, credentials: Credentials) -> None:
    _taken(await client.execute_command(b"AUTH", b"PLAIN", _base64(credentials._plain).encode()))


async def _login(client: aiosmtplib.SMTP, credentials: Credentials) -> None:
    """Servers word their prompts as they like; the user comes first."""
    reply = await client.execute_command(b"AUTH", b"LOGIN")
    for answer in (credentials.username, credentials.password):
        if reply.code == CONTINUE:
            reply = await client.execute_command(_base64(answer).encode())
    _taken(reply)


def _taken(reply: aiosmtplib.SMTPResponse) -> None:
    if reply.code != TAKEN:
        raise aiosmtplib.SMTPAuthenticationError(reply.code, reply.message)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mechanism:
    """needs: which of the credentials; hides_it: it is not sent as it is."""

    log_in: _LogIn
    needs: str
    hides_it: bool = False


_MECHANISMS: Mapping[str, _Mechanism] = {
    "cram-md5": _Mechanism(log_in=_cram_md5, needs="secret", hides_it=True),
    "plain": _Mechanism(log_in=_plain, needs="password"),
    "login": _Mechanism(log_in=_login, needs="password"),
}


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
