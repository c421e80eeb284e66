"""How the doors are guarded: the file of `--web.config.file`, and the tokens and scopes of `web:` in alertd.yml.

source  exporter-toolkit, docs/web-configuration.md: every Prometheus component reads such a file
"""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from alertd.api.scopes import Scope
from alertd.http.settings import TlsVersion
from alertd.secret import Secret
from alertd.settings import Duration, FilePath, SecretFile, SecretText, Settings

MAKE_HASH = 'make one with: htpasswd -nBC 10 "" | tr -d ":\\n"'
SHORTEST_TOKEN = 16

HEADERS: dict[str, tuple[str, ...]] = {
    "Content-Security-Policy": (),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-Content-Type-Options": ("nosniff",),
    "X-XSS-Protection": (),
    "Strict-Transport-Security": (),
}
"""The headers that may be added to answers, with the values they may have; (): any."""

_HASH = re.compile(r"\$2[abxy]?\$(?:0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

CIPHERS = {
    "TLS_RSA_WITH_AES_128_CBC_SHA": "AES128-SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA": "AES256-SHA",
    "TLS_RSA_WITH_AES_128_GCM_SHA256": "AES128-GCM-SHA256",
    "TLS_RSA_WITH_AES_256_GCM_SHA384": "AES256-GCM-SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": "ECDHE-ECDSA-AES128-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": "ECDHE-ECDSA-AES256-SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "ECDHE-RSA-AES256-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
}
"""The suites up to TLS 1.2 that Go offers, in OpenSSL's words."""

CIPHERS_OF_TLS13 = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
"""Always offered; Go takes their names and lets nobody choose among them, either."""

CURVES = {"CurveP256": "prime256v1", "CurveP384": "secp384r1", "CurveP521": "secp521r1", "X25519": "X25519"}
"""Go's names of curves, in OpenSSL's words."""


class ClientAuth(StrEnum):
    """Whether clients show a certificate; Go's names."""

    NONE = "NoClientCert"
    REQUESTED = "RequestClientCert"
    VERIFIED_IF_GIVEN = "VerifyClientCertIfGiven"
    VERIFIED = "RequireAndVerifyClientCert"


def _client_auth(value: Any) -> Any:
    if value in ("RequireAnyClientCert", "RequireClientCert"):
        raise ValueError(
            f'"{value}" lets anybody in who has any certificate, and Python cannot ask for one without checking it; '
            f'use "{ClientAuth.VERIFIED}" with client_ca_file'
        )
    return value or ClientAuth.NONE


def _cipher(name: str) -> str:
    if name not in CIPHERS and name not in CIPHERS_OF_TLS13:
        raise ValueError(f"unknown cipher: {name}; there are: {', '.join((*CIPHERS, *CIPHERS_OF_TLS13))}")
    return name


def _curve(name: str) -> str:
    if name not in CURVES:
        raise ValueError(f"unknown curve: {name}; there are: {', '.join(CURVES)}")
    return name


def _header(name: str) -> str:
    if name not in HEADERS:
        raise ValueError(f'HTTP header "{name}" can not be configured; there are: {", ".join(HEADERS)}')
    return name


def _password_hash(secret: Secret) -> Secret:
    if not _HASH.fullmatch(secret.reveal()):
        raise ValueError(f"this is no bcrypt hash; {MAKE_HASH}")
    return secret


class TlsServerSettings(Settings):
    """`tls_server_config`: our certificate, and whom we believe."""

    cert: str = Field(default="", description="certificate, as PEM text")
    key: SecretText | None = Field(default=None, description="its key, as PEM text")
    client_ca: str = Field(default="", description="who signs certificates of clients, as PEM text")
    cert_file: FilePath | None = Field(default=None, description="file with the certificate")
    key_file: FilePath | None = Field(default=None, description="file with its key")
    client_auth_type: Annotated[ClientAuth, BeforeValidator(_client_auth)] = Field(
        default=ClientAuth.NONE, description="whether clients show a certificate"
    )
    client_ca_file: FilePath | None = Field(default=None, description="file with who signs certificates of clients")
    client_allowed_sans: tuple[str, ...] | None = Field(
        default=None, description="names of which a client's certificate must have one"
    )
    min_version: TlsVersion = Field(default=TlsVersion.TLS12, description="oldest protocol version to accept")
    max_version: TlsVersion = Field(default=TlsVersion.TLS13, description="newest protocol version to accept")
    cipher_suites: tuple[Annotated[str, AfterValidator(_cipher)], ...] = Field(
        default=(), description="suites up to TLS 1.2, by Go's names"
    )
    prefer_server_cipher_suites: bool = Field(default=True, description="our order of suites counts, not the client's")
    curve_preferences: tuple[Annotated[str, AfterValidator(_curve)], ...] = Field(
        default=(), description="curve of the handshake, by Go's name"
    )

    @property
    def is_enabled(self) -> bool:
        """Whether there is TLS at all."""
        named = {"cert", "key", "client_ca", "cert_file", "key_file", "client_auth_type", "client_ca_file"}
        return any(getattr(self, name) for name in named & self.model_fields_set)

    @property
    def has_authority(self) -> bool:
        """Whether it is said who signs certificates of clients."""
        return bool(self.client_ca or self.client_ca_file)

    @property
    def old_ciphers(self) -> tuple[str, ...]:
        """The suites up to TLS 1.2 that were named, in OpenSSL's words."""
        return tuple(CIPHERS[name] for name in self.cipher_suites if name in CIPHERS)

    @model_validator(mode="after")
    def _certificate(self) -> Self:
        for name in ("cert", "key", "client_ca"):
            if getattr(self, name) and getattr(self, f"{name}_file"):
                raise ValueError(f"give {name} or {name}_file, not both")
        for name in ("cert", "key") if self.is_enabled else ():
            if not (getattr(self, name) or getattr(self, f"{name}_file")):
                raise ValueError(f"missing one of {name} or {name}_file")
        return self

    @model_validator(mode="after")
    def _clients(self) -> Self:
        if self.has_authority and self.client_auth_type is ClientAuth.NONE:
            raise ValueError(
                "client CA's have been configured without a Client Auth Policy; "
                f"add client_auth_type: {ClientAuth.VERIFIED}"
            )
        if self.client_allowed_sans is not None and self.client_auth_type is not ClientAuth.VERIFIED:
            raise ValueError(f"client_allowed_sans requires client_auth_type: {ClientAuth.VERIFIED}")
        return self

    @model_validator(mode="after")
    def _choices(self) -> Self:
        if self.min_version.number > self.max_version.number:
            raise ValueError("min_version is newer than max_version")
        if self.cipher_suites and not self.old_ciphers and self.min_version is not TlsVersion.TLS13:
            raise ValueError("cipher_suites names none of TLS 1.2; add one, or min_version: TLS13")
        if len(self.curve_preferences) > 1:
            raise ValueError(
                "curve_preferences: Python can choose one curve, or leave the choice to OpenSSL; give one, or no list"
            )
        return self


class HttpServerSettings(Settings):
    """`http_server_config`: what is said with every answer."""

    http2: bool = Field(default=True, description="accepted; answers use HTTP/1.1")
    headers: dict[Annotated[str, AfterValidator(_header)], str] = Field(
        default_factory=dict, description="headers added to every answer"
    )

    @field_validator("headers")
    @classmethod
    def _sayable(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if value and HEADERS[name] and value not in HEADERS[name]:
                raise ValueError(f"invalid value for {name}; expected one of: {', '.join(HEADERS[name])}")
            if _CONTROL.search(value):
                raise ValueError(f"the value of {name} has a line break or another control character")
        return headers


class RateLimitSettings(Settings):
    """`rate_limit`: how many requests are answered."""

    interval: Duration = Field(default=timedelta(), description="time between two requests; 0: any number are answered")
    burst: int = Field(default=0, ge=0, description="how many may come at once")

    @model_validator(mode="after")
    def _answers_somebody(self) -> Self:
        if self.interval and not self.burst:
            raise ValueError("with burst: 0 no request would be answered; give 1 or more")
        return self


class WebFile(Settings):
    """The file of `--web.config.file`."""

    tls_server_config: TlsServerSettings = Field(default=TlsServerSettings(), description="TLS")
    http_server_config: HttpServerSettings = Field(default=HttpServerSettings(), description="headers of answers")
    basic_auth_users: dict[str, Annotated[SecretText, AfterValidator(_password_hash)]] = Field(
        default_factory=dict, description="bcrypt hash of the password by user"
    )
    rate_limit: RateLimitSettings = Field(default=RateLimitSettings(), description="how many requests are answered")


class TokenSettings(Settings):
    """One of `web.tokens`: who sends `Authorization: Bearer ...` may do what its scope covers."""

    name: str = Field(min_length=1, description="who uses it; told in the log and in refusals")
    scope: Scope = Field(default=Scope.READ, description="read, operate or admin; each covers those before it")
    token: SecretText | None = Field(default=None, description="the token; 16 characters or more")
    token_file: SecretFile | None = Field(default=None, description="file with the token, read again when it changes")
    token_hash: SecretText | None = Field(default=None, description="SHA-256 of the token, 64 hexadecimal digits")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(bool(one) for one in (self.token, self.token_file, self.token_hash)) != 1:
            raise ValueError("give one of token, token_file and token_hash")
        if self.token and len(self.token.reveal()) < SHORTEST_TOKEN:
            raise ValueError(f"token is shorter than {SHORTEST_TOKEN} characters; make one with: openssl rand -hex 32")
        if self.token_hash and not re.fullmatch(r"[0-9a-fA-F]{64}", self.token_hash.reveal()):
            raise ValueError("token_hash is no SHA-256; make it with: printf %s TOKEN | sha256sum")
        return self


class OpenPath(StrEnum):
    """What may be asked without saying who asks."""

    HEALTHY = "/-/healthy"
    READY = "/-/ready"
    HEALTH = "/health"
    HEALTHZ = "/healthz"
    METRICS = "/metrics"
    CHART_SVG = "/api/alertd/v1/alerts/{fingerprint}/chart.svg"
    CHART_PNG = "/api/alertd/v1/alerts/{fingerprint}/chart.png"


class AccessSettings(Settings):
    """Of `web:`: who may do what."""

    tokens: tuple[TokenSettings, ...] = Field(default=(), description="bearer tokens")
    user_scopes: dict[str, Scope] = Field(
        default_factory=dict, description="scope by user of the web configuration file; others have admin"
    )
    open: tuple[OpenPath, ...] = Field(default=(), description="paths that everybody may get")

    @field_validator("tokens")
    @classmethod
    def _names(cls, tokens: tuple[TokenSettings, ...]) -> tuple[TokenSettings, ...]:
        names = [token.name for token in tokens]
        if twice := next((name for name in names if names.count(name) > 1), ""):
            raise ValueError(f'two tokens are called "{twice}"; give each a name of its own')
        return tokens
