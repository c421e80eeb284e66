"""Field types and checks that the settings of every HTTP integration share."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from alertd.http import HttpSettings
from alertd.receivers.rendering import templated
from alertd.secret import HIDDEN, Secret
from alertd.settings import Duration, SecretText, Settings

LONGEST_ANSWER_BYTES = 4096
DEFAULT_TIMEOUT = timedelta(seconds=10)

Timeout = Annotated[Duration, AfterValidator(lambda value: value or DEFAULT_TIMEOUT)]
"""How long one attempt may take; 0 is the default, since an attempt without a limit would never end."""


def http_url(url: str) -> str:
    """`url`, if it is one that can be asked; ValueError says why not without repeating it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError("must be a URL") from None
    if parts.scheme not in ("http", "https"):
        raise ValueError(f'unsupported scheme "{parts.scheme}" for URL; use http or https')
    if not parts.hostname:
        raise ValueError("missing host for URL")
    return url


def _secret_url(url: Secret) -> Secret:
    # What a configuration shows that was asked for over the API can be read again; a template has no form yet.
    if url.value != HIDDEN and not templated(url.value):
        http_url(url.value)
    return url


HttpUrl = Annotated[str, AfterValidator(http_url)]
SecretUrl = Annotated[SecretText, AfterValidator(_secret_url)]


def at_most_one(settings: Settings, *names: str) -> None:
    """Raises ValueError, in Alertmanager's words, when more than one of these is given."""
    if sum(bool(getattr(settings, name)) for name in names) > 1:
        raise ValueError(f"at most one of {' & '.join(names)} must be configured")


def without_redirects(settings: HttpSettings | None) -> HttpSettings:
    """A redirect would carry the message somewhere nobody configured: followed only where it is asked for."""
    settings = settings or HttpSettings()
    if "follow_redirects" in settings.model_fields_set:
        return settings
    return settings.model_copy(update={"follow_redirects": False})
