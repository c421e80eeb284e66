"""`http_config` of Prometheus and Alertmanager: how an HTTP request is authenticated, encrypted and routed."""

from __future__ import annotations

import ssl
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from alertd.settings import FilePath, SecretFile, SecretText, Settings


class TlsVersion(StrEnum):
    """A protocol version, as Prometheus spells it."""

    TLS10 = "TLS10"
    TLS11 = "TLS11"
    TLS12 = "TLS12"
    TLS13 = "TLS13"

    @property
    def number(self) -> ssl.TLSVersion:
        """The same in the words of Python's ssl."""
        return {
            TlsVersion.TLS10: ssl.TLSVersion.TLSv1,
            TlsVersion.TLS11: ssl.TLSVersion.TLSv1_1,
            TlsVersion.TLS12: ssl.TLSVersion.TLSv1_2,
            TlsVersion.TLS13: ssl.TLSVersion.TLSv1_3,
        }[self]


def _at_most_one(settings: Settings, *names: str) -> None:
    """Raises ValueError, in Alertmanager's words, where two of the keys are given."""
    if sum(bool(getattr(settings, name)) for name in names) > 1:
        raise ValueError(f"at most one of {', '.join(names[:-1])} & {names[-1]} must be configured")


class TlsSettings(Settings):
    """`tls_config`: whom to trust, and how to show who we are."""

    ca: str = Field(default="", description="certificates to trust, as PEM text, instead of the system's")
    ca_file: FilePath | None = Field(
        default=None, description="file with the certificates to trust instead of the system's"
    )
    cert: str = Field(default="", description="our own certificate, as PEM text")
    cert_file: FilePath | None = Field(default=None, description="file with our own certificate")
    key: SecretText | None = Field(default=None, description="key of our own certificate, as PEM text")
    key_file: FilePath | None = Field(default=None, description="file with the key of our own certificate")
    server_name: str = Field(
        default="", description="name expected in the server's certificate, where it is not the host's"
    )
    insecure_skip_verify: bool = Field(default=False, description="accept any certificate")
    min_version: TlsVersion | None = Field(default=None, description="oldest protocol version to accept")
    max_version: TlsVersion | None = Field(default=None, description="newest protocol version to accept")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name in ("ca", "cert", "key"):
            _at_most_one(self, name, f"{name}_file")
        if bool(self.cert or self.cert_file) != bool(self.key or self.key_file):
            raise ValueError("a certificate needs its key: give both cert(_file) and key(_file), or neither")
        return self


class ProxySettings(Settings):
    """Through which proxy requests go."""

    proxy_url: SecretText | None = Field(
        default=None, description="proxy every request goes through; may hold user:password@"
    )
    no_proxy: str = Field(
        default="", description="hosts, domains, addresses and networks not to use the proxy for, by comma"
    )
    proxy_from_environment: bool = Field(default=False, description="take HTTP_PROXY, HTTPS_PROXY and NO_PROXY")
    proxy_connect_header: dict[str, list[SecretText]] = Field(
        default_factory=dict, description="headers for the proxy itself"
    )

    @model_validator(mode="after")
    def _one_proxy(self) -> Self:
        if self.proxy_from_environment and (self.proxy_url or self.no_proxy):
            raise ValueError("give either proxy_from_environment or proxy_url and no_proxy, not both")
        if self.no_proxy and not self.proxy_url:
            raise ValueError("no_proxy needs proxy_url")
        if self.proxy_connect_header and not (self.proxy_url or self.proxy_from_environment):
            raise ValueError("proxy_connect_header needs proxy_url or proxy_from_environment")
        return self


class BasicAuth(Settings):
    """`basic_auth`: a user and a password."""

    username: str = Field(default="", description="user name")
    username_file: SecretFile | None = Field(default=None, description="file that holds the user name")
    password: SecretText | None = Field(default=None, description="password")
    password_file: SecretFile | None = Field(
        default=None, description="file that holds the password, read at each request"
    )

    @model_validator(mode="after")
    def _once(self) -> Self:
        _at_most_one(self, "username", "username_file")
        _at_most_one(self, "password", "password_file")
        return self


class Authorization(Settings):
    """`authorization`: a token in the Authorization header."""

    type: str = Field(default="Bearer", description="the word before the token")
    credentials: SecretText | None = Field(default=None, description="the token")
    credentials_file: SecretFile | None = Field(
        default=None, description="file that holds the token, read at each request"
    )

    @model_validator(mode="after")
    def _valid(self) -> Self:
        _at_most_one(self, "credentials", "credentials_file")
        if self.type.strip().lower() == "basic":
            raise ValueError('type cannot be "basic"; use basic_auth instead')
        return self


class OAuth2(ProxySettings):
    """`oauth2`: a token fetched with client credentials."""

    client_id: str = Field(min_length=1, description="client id")
    client_secret: SecretText | None = Field(default=None, description="client secret")
    client_secret_file: SecretFile | None = Field(default=None, description="file that holds the client secret")
    scopes: tuple[str, ...] = Field(default=(), description="scopes to ask for")
    token_url: str = Field(min_length=1, description="where tokens are issued")
    endpoint_params: dict[str, str] = Field(default_factory=dict, description="further fields of the token request")
    tls_config: TlsSettings | None = Field(default=None, description="TLS of the token request")

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        _at_most_one(self, "client_secret", "client_secret_file")
        return self


class HeaderValues(Settings):
    """The values of one header of `http_headers`."""

    values: tuple[str, ...] = Field(default=(), description="values")
    secrets: tuple[SecretText, ...] = Field(default=(), description="values that are never shown")
    files: tuple[SecretFile, ...] = Field(default=(), description="files that hold values, read at each request")


RESERVED_HEADERS = frozenset({
    "authorization", "host", "content-encoding", "content-length", "content-type", "user-agent", "connection",
    "keep-alive", "proxy-authenticate", "proxy-authorization", "www-authenticate", "accept-encoding", "te",
    "trailer", "transfer-encoding", "upgrade",
})  # fmt: skip


class HttpSettings(ProxySettings):
    """`http_config`; at most one way to authenticate."""

    basic_auth: BasicAuth | None = Field(default=None, description="user and password")
    authorization: Authorization | None = Field(default=None, description="token in the Authorization header")
    bearer_token: SecretText | None = Field(default=None, description="older spelling of authorization.credentials")
    bearer_token_file: SecretFile | None = Field(
        default=None, description="older spelling of authorization.credentials_file"
    )
    oauth2: OAuth2 | None = Field(default=None, description="token fetched with client credentials")
    tls_config: TlsSettings | None = Field(default=None, description="certificates and protocol versions")
    follow_redirects: bool = Field(default=True, description="follow HTTP redirects")
    enable_http2: bool = Field(default=True, description="accepted as Prometheus accepts it; requests use HTTP/1.1")
    http_headers: dict[str, HeaderValues] = Field(default_factory=dict, description="further headers")

    @model_validator(mode="after")
    def _one_auth(self) -> Self:
        _at_most_one(self, "basic_auth", "oauth2", "bearer_token", "bearer_token_file")
        _at_most_one(self, "basic_auth", "oauth2", "authorization")
        if self.authorization and (self.bearer_token or self.bearer_token_file):
            raise ValueError("authorization is not compatible with bearer_token & bearer_token_file")
        for name in self.http_headers:
            if name.lower() in RESERVED_HEADERS:
                raise ValueError(f'http_headers cannot set "{name}"')
        return self
