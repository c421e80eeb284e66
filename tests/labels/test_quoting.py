"""Go's double quotes, read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.labels.quoting import quote, unquote


@pytest.mark.parametrize(
    ("quoted", "text"),
    [
        pytest.param(r'"bar"', "bar", id="plain"),
        pytest.param(r'"\n\t\"\\\a"', '\n\t"\\\a', id="short escapes"),
        pytest.param(r'"\xf0\x9f\x99\x82"', "🙂", id="bytes make up a character"),
        pytest.param(r'"\U0001f642\u00e9\101"', "🙂éA", id="code points and octal"),
        pytest.param('"tab\there"', "tab\there", id="a tab may stand as it is"),
    ],
)
def test_unquote(quoted: str, text: str) -> None:
    assert unquote(quoted) == text


@pytest.mark.parametrize(
    "quoted",
    [
        pytest.param(r'"\w"', id="no escape of Go"),
        pytest.param(r'"\xf0\x9f"', id="half a character"),
        pytest.param(r'"\ud800"', id="half a pair"),
        pytest.param(r'"\U00110000"', id="beyond Unicode"),
        pytest.param(r'"\400"', id="more than a byte"),
        pytest.param('"a\nb"', id="a newline"),
        pytest.param('"a"b"', id="a quote within"),
        pytest.param('"', id="one quote"),
        pytest.param("bar", id="no quotes"),
    ],
)
def test_what_go_cannot_read(quoted: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - which one does not matter, callers word it anew
        unquote(quoted)


@given(st.text())
def test_what_was_quoted_reads_as_it_was(text: str) -> None:
    assert unquote(quote(text)) == text
