"""Which proxy is taken, and when none."""

from __future__ import annotations

import pytest

from alertd.http import HttpSettings
from alertd.http.proxy import bypasses, proxy_for


@pytest.mark.parametrize(
    ("url", "no_proxy", "direct"),
    [
        pytest.param("http://a.example/", "", False, id="nothing listed"),
        pytest.param("http://a.example/", "*", True, id="everything"),
        pytest.param("http://a.example/", "a.example", True, id="the host"),
        pytest.param("http://A.Example./", "a.example", True, id="case and the final dot do not matter"),
        pytest.param("http://b.a.example/", "a.example", True, id="a sub-domain of a host"),
        pytest.param("http://ba.example/", "a.example", False, id="a mere ending of the name"),
        pytest.param("http://a.example/", ".a.example", False, id="a leading dot means sub-domains only"),
        pytest.param("http://b.a.example/", "*.a.example", True, id="a star is a leading dot"),
        pytest.param("http://a.example:81/", "a.example:80", False, id="another port"),
        pytest.param("http://a.example/", "a.example:80", True, id="the scheme's own port"),
        pytest.param("https://a.example/", "x, a.example:443", True, id="the second entry, after a blank"),
        pytest.param("http://10.1.2.3/", "10.0.0.0/8", True, id="a network"),
        pytest.param("http://11.1.2.3/", "10.0.0.0/8", False, id="outside of the network"),
        pytest.param("http://10.1.2.3:9/", "10.1.2.3:9", True, id="an address with a port"),
        pytest.param("http://[fd00::1]/", "fd00::/8", True, id="an IPv6 network"),
        pytest.param("http://10.1.2.3/", "a.example", False, id="an address is no name"),
        pytest.param("http://localhost:9090/", "", True, id="the own machine by name"),
        pytest.param("http://127.0.0.2/", "", True, id="the own machine by address"),
        pytest.param("http://[::1]/", "", True, id="the own machine by IPv6 address"),
    ],
)
def test_no_proxy(url: str, no_proxy: str, direct: bool) -> None:
    assert bypasses(url, no_proxy) is direct


@pytest.mark.parametrize(
    ("settings", "url", "proxy"),
    [
        pytest.param({}, "http://a.example", None, id="the environment is not asked unless told to"),
        pytest.param(
            {"proxy_url": "http://p:1"}, "http://127.0.0.1", "http://p:1", id="proxy_url alone takes everything"
        ),
        pytest.param(
            {"proxy_url": "http://p:1", "no_proxy": "x"}, "http://127.0.0.1", None, id="no_proxy frees loopback"
        ),
        pytest.param({"proxy_from_environment": True}, "http://a.example", "http://plain:1", id="by scheme: http"),
        pytest.param({"proxy_from_environment": True}, "https://a.example", "http://tls:1", id="by scheme: https"),
        pytest.param({"proxy_from_environment": True}, "https://b.example", None, id="NO_PROXY is heeded"),
    ],
)
def test_the_proxy_of_a_request(settings: dict[str, object], url: str, proxy: str | None) -> None:
    environment = {"HTTP_PROXY": "http://plain:1", "https_proxy": "http://tls:1", "NO_PROXY": "b.example"}

    assert proxy_for(HttpSettings.model_validate(settings), url, environment) == proxy
