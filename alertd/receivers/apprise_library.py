"""The library apprise: an extra, slow to import, and with URLs in its log."""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

INSTALL = 'pip install "alertd[apprise]"'


def require_apprise(find: Callable[[str], object] = find_spec) -> None:
    """Raises ValueError with the way out when the library is not installed."""
    if find("apprise") is None:
        raise ValueError(f"apprise_configs needs the library apprise: {INSTALL}")


def load_apprise() -> Any:
    """The library; what it logs, and what urllib3 logs of its requests, is kept from our log, since it holds secrets."""
    library = import_module("apprise")
    logging.getLogger("apprise").propagate = False
    logging.getLogger("urllib3").setLevel(logging.INFO)
    return library
