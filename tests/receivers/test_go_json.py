"""JSON and times as Go writes them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.receivers.go_json import encode, quote_meta, rfc3339, rfc3339_nano


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param({}, b"{}\n", id="an empty map is not null"),
        pytest.param("a<b>c&d", rb'"a\u003cb\u003ec\u0026d"' + b"\n", id="HTML is escaped"),
        pytest.param("\u2028\u2029", rb'"\u2028\u2029"' + b"\n", id="line separators are escaped"),
        pytest.param(
            'é😀"\\\n\t\x00', '"é😀\\"\\\\\\n\\t\\u0000"\n'.encode(), id="other letters stay, controls do not"
        ),
    ],
)
def test_encode(value: object, text: bytes) -> None:
    assert encode(value) == text


@given(st.dictionaries(st.text(), st.text()))
def test_any_text_comes_back_from_any_json_reader(value: dict[str, str]) -> None:
    assert json.loads(encode(value)) == value
    assert not set(b"<>&") & set(encode(value))


@pytest.mark.parametrize(
    ("time", "text"),
    [
        pytest.param(datetime(2025, 11, 20, 14, 46, 40, tzinfo=UTC), "2025-11-20T14:46:40Z", id="a whole second"),
        pytest.param(datetime(2025, 11, 20, 14, 46, 40, 123000, tzinfo=UTC), "2025-11-20T14:46:40.123Z", id="ms"),
        pytest.param(datetime(2025, 11, 20, 14, 46, 40, 100, tzinfo=UTC), "2025-11-20T14:46:40.0001Z", id="µs"),
        pytest.param(datetime(2025, 11, 20, 14, 0, tzinfo=UTC), "2025-11-20T14:00:00Z", id="zeros that count stay"),
        pytest.param(None, "0001-01-01T00:00:00Z", id="no time is Go's zero time"),
    ],
)
def test_times(time: datetime | None, text: str) -> None:
    assert rfc3339_nano(time) == text


def test_times_in_whole_seconds() -> None:
    assert rfc3339(datetime(2025, 9, 6, 1, 0, 0, 999, tzinfo=UTC)) == "2025-09-06T01:00:00Z"


def test_names_are_quoted_as_regular_expressions() -> None:
    assert quote_meta("web.hook (x)") == r"web\.hook \(x\)"
    assert quote_meta("a-b_c/é") == "a-b_c/é"
    assert quote_meta(r"\.+*?()|[]{}^$") == r"\\\.\+\*\?\(\)\|\[\]\{\}\^\$"
