"""`email_configs`: the settings, with Alertmanager's names and defaults."""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Protocol, Self

from pydantic import AfterValidator, Field, model_validator

from alertd.http.settings import TlsSettings
from alertd.receivers.http_settings import at_most_one
from alertd.receivers.pace import MaxPerMinute
from alertd.secret import Secret
from alertd.settings import Duration, SecretFile, SecretText, Settings

DEFAULT_TIMEOUT = timedelta(seconds=60)
IMPLICIT_TLS_PORT = "465"
HIGHEST_PORT = 65535
MOST_CHARTS = 20

DEFAULT_TEXT = """\
{{ template "__subject" . }}
{{ with .NotificationReason }}({{ . }}{{ with $.Changes }}: {{ . }}{{ end }})
{{ end }}{{ with .Alerts.Firing }}
Firing:

{{ range . }}{{ with .ValueText }}{{ . }}
{{ end }}{{ template "__text_alert_list" (list .) }}{{ end }}{{ end }}{{ with .Alerts.Resolved }}
Resolved:

{{ range . }}{{ with .ValueText }}{{ . }}
{{ end }}{{ template "__text_alert_list" (list .) }}{{ end }}{{ end }}
{{ template "__alertmanagerURL" . }}
"""
"""What `email.default.html` shows, for those who read no HTML; and what is new, and the numbers."""

_NAME = re.compile(r"[!-9;-~]+")
_WORD = re.compile(r"[!-~]*")
_THREADS = ("References", "In-Reply-To")


class ThreadByDate(StrEnum):
    DAILY = "daily"
    NONE = "none"


class ThreadingSettings(Settings):
    """`threading`: mails about one group appear as one conversation."""

    enabled: bool = Field(default=False, description="Whether they do.")
    thread_by_date: ThreadByDate = Field(
        default=ThreadByDate.DAILY, description="`daily`: a conversation per group and day (UTC); `none`: per group."
    )


def host_and_port(address: str) -> tuple[str, str]:
    """`mail.example.com:587` or `[::1]:25` taken apart; ValueError says what is wrong in Go's words."""
    host, _, port = address.rpartition(":")
    if ":" not in address or address.endswith("]"):
        raise ValueError(f"address {address}: missing port in address")
    if host.startswith("["):
        if not host.endswith("]"):
            raise ValueError(f"address {address}: missing ']' in address")
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"address {address}: too many colons in address")
    if not port:
        raise ValueError(f'address "{address}": port cannot be empty')
    if port.isdecimal() and int(port) > HIGHEST_PORT:
        raise ValueError(f"address {address}: invalid port")
    try:
        host.encode("idna")
    except UnicodeError:
        raise ValueError(f"address {address}: invalid host name") from None
    return host or "localhost", port


def _host_port(address: str) -> str:
    if address:
        host_and_port(address)
    return address


def canonical(name: str) -> str:
    """A header's name as Go writes it: `reply-to` is `Reply-To`."""
    return "-".join(part[:1].upper() + part[1:].lower() for part in name.split("-"))


def _canonical_headers(headers: dict[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers.items():
        if not _NAME.fullmatch(name):
            raise ValueError(f"invalid header name {name!r}: letters, digits and hyphens, without a colon")
        if canonical(name) in found:
            raise ValueError(f'duplicate header "{canonical(name)}" in email config')
        found[canonical(name)] = value
    return found


def _word(text: str) -> str:
    if not _WORD.fullmatch(text):
        raise ValueError("must be a host name: ASCII, without spaces")
    return text


HostPort = Annotated[str, AfterValidator(_host_port)]
"""`host:port` of a mail server; "" where none is given."""

_Timeout = Annotated[Duration, AfterValidator(lambda value: value or DEFAULT_TIMEOUT)]


class EmailSettings(Settings):
    """One entry of `email_configs`: one mail per group to one list of recipients."""

    to: str = Field(min_length=1, description="Recipients, by comma; a template.")
    from_: str = Field(
        default="", alias="from", description="Sender, one address; a template; default `global.smtp_from`."
    )
    smarthost: HostPort = Field(
        default="", description="host:port of the mail server; default `global.smtp_smarthost`. Port 465 means TLS."
    )
    hello: Annotated[str, AfterValidator(_word)] = Field(
        default="", description="Our name in EHLO; default `global.smtp_hello`."
    )
    auth_username: str = Field(default="", description="User; default `global.smtp_auth_username`.")
    auth_password: SecretText | None = Field(
        default=None, description="Password for PLAIN and LOGIN; default `global.smtp_auth_password`."
    )
    auth_password_file: SecretFile | None = Field(
        default=None, description="File that holds the password, read at each attempt."
    )
    auth_secret: SecretText | None = Field(
        default=None, description="Secret for CRAM-MD5; default `global.smtp_auth_secret`."
    )
    auth_secret_file: SecretFile | None = Field(
        default=None, description="File that holds the secret, read at each attempt."
    )
    auth_identity: str = Field(default="", description="Identity for PLAIN; default `global.smtp_auth_identity`.")
    require_tls: bool | None = Field(
        default=None,
        description="Send only after STARTTLS; false: never use STARTTLS; default `global.smtp_require_tls`, true.",
    )
    force_implicit_tls: bool | None = Field(
        default=None,
        description="TLS from the first byte, or not; default `global.smtp_force_implicit_tls`, else on port 465 alone.",
    )
    tls_config: TlsSettings | None = Field(
        default=None, description="Certificates and protocol versions; default `global.smtp_tls_config`."
    )
    headers: Annotated[dict[str, str], AfterValidator(_canonical_headers)] = Field(
        default_factory=dict,
        description="Further headers, or others instead of Subject, To, From; templates. Bcc adds recipients. Content-Type, "
        "Content-Transfer-Encoding and MIME-Version have no effect.",
    )
    html: str = Field(
        default='{{ template "email.default.html" . }}', description="The mail as HTML; a template; empty: none."
    )
    text: str | None = Field(
        default=None,
        description="The mail as plain text; a template; empty: none. Default: the alerts as text, where `html` is not given either.",
    )
    charts: int = Field(
        default=0,
        ge=0,
        le=MOST_CHARTS,
        description="How many firing alerts of our own rules are shown as charts at the end of the HTML, the newest first; "
        "needs the extra images.",
    )
    threading: ThreadingSettings = Field(default_factory=ThreadingSettings, description="Conversations of mails.")
    send_resolved: bool = Field(default=False, description="Tell when alerts resolve.")
    timeout: _Timeout = Field(default=DEFAULT_TIMEOUT, description="How long one attempt may take; 0: the default.")
    max_per_minute: MaxPerMinute = 0

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        at_most_one(self, "auth_password", "auth_password_file")
        at_most_one(self, "auth_secret", "auth_secret_file")
        if self.threading.enabled and (taken := [name for name in _THREADS if name in self.headers]):
            raise ValueError(f"threading writes {taken[0]} itself: take it out of headers")
        return self

    @property
    def plain_text(self) -> str:
        """The template of the text part; "": there is none."""
        if self.text is not None:
            return self.text
        return "" if "html" in self.model_fields_set else DEFAULT_TEXT

    @property
    def implicit_tls(self) -> bool:
        """Whether TLS begins with the first byte."""
        if self.force_implicit_tls is not None:
            return self.force_implicit_tls
        return self.smarthost.endswith(f":{IMPLICIT_TLS_PORT}")


class EmailDefaults(Protocol):
    """The keys of `global` that mail inherits."""

    @property
    def smtp_smarthost(self) -> str: ...
    @property
    def smtp_from(self) -> str: ...
    @property
    def smtp_hello(self) -> str: ...
    @property
    def smtp_auth_username(self) -> str: ...
    @property
    def smtp_auth_password(self) -> Secret | None: ...
    @property
    def smtp_auth_password_file(self) -> Secret | None: ...
    @property
    def smtp_auth_secret(self) -> Secret | None: ...
    @property
    def smtp_auth_secret_file(self) -> Secret | None: ...
    @property
    def smtp_auth_identity(self) -> str: ...
    @property
    def smtp_require_tls(self) -> bool: ...
    @property
    def smtp_tls_config(self) -> TlsSettings | None: ...
    @property
    def smtp_force_implicit_tls(self) -> bool | None: ...


_INHERITED = ("smarthost", "hello", "auth_username", "auth_identity", "tls_config")
_SECRETS = ("auth_password", "auth_secret")
_UNLESS_SAID = ("require_tls", "force_implicit_tls")


def with_defaults(settings: EmailSettings, defaults: EmailDefaults) -> EmailSettings:
    """The settings with what they inherit; raises ValueError where that leaves no mail server or sender.

    A password of its own, written or in a file, keeps both of the global ones away; a secret likewise.
    """
    update: dict[str, object] = {"from_": settings.from_ or defaults.smtp_from}
    for name in _INHERITED:
        update[name] = getattr(settings, name) or getattr(defaults, f"smtp_{name}")
    for name in _UNLESS_SAID:
        own = getattr(settings, name)
        update[name] = getattr(defaults, f"smtp_{name}") if own is None else own
    for name in _SECRETS:
        if not getattr(settings, name) and not getattr(settings, f"{name}_file"):
            update |= {one: getattr(defaults, f"smtp_{one}") for one in (name, f"{name}_file")}
    if not update["smarthost"]:
        raise ValueError("no global SMTP smarthost set")
    if not update["from_"]:
        raise ValueError("no global SMTP from set")
    return settings.model_copy(update=update)
