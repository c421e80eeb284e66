"""`Access`: who may do what, from the web configuration file and `web:` of alertd.yml together."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from alertd.api.scopes import Scope
from alertd.api.web_settings import SHORTEST_TOKEN, AccessSettings, HttpServerSettings, TokenSettings, WebFile
from alertd.errors import AlertdError
from alertd.secret import Secret


class AccessError(AlertdError):
    """A token cannot be used."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: `token "ci"`, `user "ann"`."""

    name: str
    scope: Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may do what.

    users    bcrypt hash by name
    scopes   by name of a user; others have admin, as in every Prometheus component
    tokens   SHA-256 of each token, and who sends it
    open     paths below the prefix that everybody may get
    headers  added to every answer
    """

    users: Mapping[str, Secret] = field(default_factory=dict)
    scopes: Mapping[str, Scope] = field(default_factory=dict)
    tokens: Sequence[tuple[bytes, Caller]] = ()
    open: frozenset[str] = frozenset()
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_settings(cls, file: WebFile, settings: AccessSettings) -> Access:
        """Raises AccessError. Reads files of tokens: call it in a thread."""
        return cls(
            users=file.basic_auth_users,
            scopes=settings.user_scopes,
            tokens=[
                (_digest(number, token), Caller(f'token "{token.name}"', token.scope))
                for number, token in enumerate(settings.tokens)
            ],
            open=frozenset(settings.open),
            headers=_sent(file.http_server_config),
        )

    @property
    def is_free(self) -> bool:
        """Whether nobody needs to say who he is."""
        return not self.users and not self.tokens

    @property
    def challenges(self) -> Sequence[str]:
        """How one can say who one is, for `WWW-Authenticate`."""
        return [scheme for scheme, known in (("Basic", self.users), ("Bearer", self.tokens)) if known]

    def user(self, name: str) -> Caller:
        """The caller that has shown this user's password."""
        return Caller(f'user "{name}"', self.scopes.get(name, Scope.ADMIN))

    def bearer(self, token: str) -> Caller | None:
        """Who sends this token; it takes equally long for every one."""
        digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
        found = [caller for known, caller in self.tokens if hmac.compare_digest(known, digest)]
        return found[0] if found else None


def basic_credentials(text: str) -> tuple[str, bytes] | None:
    """User and password after `Basic `; None where it is not that."""
    try:
        user, colon, password = b64decode(text, validate=True).partition(b":")
        return (user.decode(), password) if colon else None
    except ValueError:
        return None


def _digest(number: int, settings: TokenSettings) -> bytes:
    if settings.token_hash:
        return bytes.fromhex(settings.token_hash.reveal())
    secret, place = settings.token or settings.token_file, f"web.tokens[{number}]"
    assert secret is not None
    try:
        token = secret.reveal()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise AccessError(f'{place} "{settings.name}": cannot read {secret.file}: {reason}') from None
    if len(token) < SHORTEST_TOKEN:
        raise AccessError(
            f'{place} "{settings.name}": {secret.file} holds fewer than {SHORTEST_TOKEN} characters; '
            f"make a token with: openssl rand -hex 32"
        )
    return hashlib.sha256(token.encode()).digest()


def _sent(settings: HttpServerSettings) -> Mapping[str, str]:
    return {name: value for name, value in settings.headers.items() if value}
