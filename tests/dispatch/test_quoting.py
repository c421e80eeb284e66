"""Group keys, byte for byte as Alertmanager 0.25 wrote them."""

from __future__ import annotations

import pytest

from alertd.dispatch.quoting import group_key, quote


@pytest.mark.parametrize(
    ("labels", "key"),
    [
        pytest.param({}, "{}:{}", id="no labels"),
        pytest.param({"alertname": "A"}, '{}:{alertname="A"}', id="one label"),
        pytest.param({"b": "y", "a": "x"}, '{}:{a="x", b="y"}', id="sorted, comma and blank"),
        pytest.param(
            {"alertname": 'q"u', "v": "tab\there\nnl é \u200b \\ end"},
            r'{}:{alertname="q\"u", v="tab\there\nnl é \u200b \\ end"}',
            id="quotes, tab, newline, printable and unprintable letters",
        ),
        pytest.param({"service.name": "api"}, '{}:{"service.name"="api"}', id="a name that needs quotes"),
    ],
)
def test_group_key(labels: dict[str, str], key: str) -> None:
    assert group_key("{}", labels) == key


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        pytest.param("\a\b\f\n\r\t\v", r'"\a\b\f\n\r\t\v"', id="short escapes"),
        pytest.param("\x00\x1f\x7f", r'"\x00\x1f\x7f"', id="control characters"),
        pytest.param("\u00a0\u2028\ufeff", r'"\u00a0\u2028\ufeff"', id="blanks but the blank"),
        pytest.param("\U000e0001", r'"\U000e0001"', id="beyond the 16-bit plane"),
        pytest.param("ß€😀語", '"ß€😀語"', id="letters, symbols and ideographs stay"),
    ],
)
def test_quote(text: str, quoted: str) -> None:
    assert quote(text) == quoted
