"""Which proxy a request goes through, decided as Go's `httpproxy` decides it."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from alertd.http.settings import ProxySettings


def proxy_for(settings: ProxySettings, url: str, environment: Mapping[str, str]) -> str | None:
    """URL of the proxy for `url`, None to connect directly.

    environment   names as the shell has them; upper and lower case are both looked up
    """
    if settings.proxy_url and not settings.no_proxy:
        return settings.proxy_url.reveal()
    scheme = urlsplit(url).scheme
    if settings.proxy_url:
        proxy, bypass = settings.proxy_url.reveal(), settings.no_proxy
    elif settings.proxy_from_environment:
        proxy, bypass = _either_case(environment, f"{scheme}_proxy"), _either_case(environment, "no_proxy")
    else:
        return None
    return None if not proxy or bypasses(url, bypass) else proxy


def bypasses(url: str, no_proxy: str) -> bool:
    """Whether `url` is reached directly: the own machine always, else what `no_proxy` lists.

    An entry is `*`, a host (its sub-domains too), `.domain` (sub-domains only), an address or a network, each with an
    optional port.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower().rstrip(".")
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    address = _address(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    return any(_matches(entry.strip().lower(), host, port, address) for entry in no_proxy.split(",") if entry.strip())


_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _address(text: str) -> _Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _matches(entry: str, host: str, port: int | None, address: _Address | None) -> bool:
    if entry == "*":
        return True
    name, colon, wanted = entry.rpartition(":")
    if colon and wanted.isdigit() and _address(entry) is None:
        if int(wanted) != port:
            return False
        entry = name.strip("[]")
    if address is not None:
        try:
            return address in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
    entry = entry.removeprefix("*")
    return host.endswith(entry) if entry.startswith(".") else host == entry or host.endswith("." + entry)


def _either_case(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name.upper()) or environment.get(name) or ""
