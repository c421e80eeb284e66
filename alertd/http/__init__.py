"""The HTTP client every package shares: Prometheus' `http_config`, one session, limits on every wait.

In: a method, a URL, bytes. Out: an `HttpAnswer` whatever its status, or an `HttpError` that says why there was none.
Never: judging a status, trying again (each caller knows best), printing a URL.
"""

from alertd.http.client import Access, HttpAnswer, HttpClient, new_session
from alertd.http.errors import HttpError, HttpErrorKind
from alertd.http.settings import HttpSettings

__all__ = ["Access", "HttpAnswer", "HttpClient", "HttpError", "HttpErrorKind", "HttpSettings", "new_session"]
