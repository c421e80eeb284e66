"""Times and addresses as callers write them. Facts: Alertmanager 0.25."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from alertd.api.parameters import ZERO_TIME, given_time, is_uri, parse_time

TEN = datetime(2026, 1, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-01-01T10:00:00Z", TEN),
        ("2026-01-01T10:00:00.5Z", TEN + timedelta(milliseconds=500)),
        ("2026-01-01T10:00:00,5Z", TEN + timedelta(milliseconds=500)),
        ("2026-01-01T10:00:00.1234567891234Z", TEN + timedelta(microseconds=123456)),
        ("2026-01-01T10:00:00+02:00", TEN.replace(tzinfo=timezone(timedelta(hours=2)))),
        ("2026-01-01T10:00:00", TEN),
        ("2026-01-01T10:00Z", TEN),
        ("2026-01-01T10:00", TEN),
        ("2026-01-01 10:00:00", TEN),
        ("", datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_times(text: str, at: datetime) -> None:
    assert parse_time(text) == at


@pytest.mark.parametrize(
    "text",
    [
        "yesterday", "2026-01-01", "2026-01-01t10:00:00z", "2026-01-01T10:00:00+0200", "2026-01-01T24:00:00Z",
        "2026-02-30T10:00:00Z", "1-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "2026-01-01T10:00:60Z",
    ],
)  # fmt: skip
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="parsing time"):
        parse_time(text)


def test_times_that_cannot_be_reckoned_with_are_moved_to_where_they_can() -> None:
    assert given_time(ZERO_TIME) is None
    assert given_time(TEN) is TEN
    for at in (datetime.max.replace(tzinfo=timezone(-timedelta(hours=5))), datetime(1, 1, 1, tzinfo=timezone.max)):
        moved = given_time(at)
        assert moved is not None
        assert moved.astimezone(UTC) - timedelta(days=365) < moved + timedelta(days=365)


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("http://p:9090/graph?g0.expr=up%7Bjob%3D%22x%22%7D&g0.tab=1", True),
        ("/foo", True), ("//x", True), ("*", True), ("mailto:x", True), ("http:x", True), ("HTTP://x", True),
        ("http://", True), ("http://ü/", True), ("http://x/a b", True), ("http://x:/", True), ("http://x?<>%zz", True),
        ("http://user:pass@x/", True), ("http://[::1]:9090/", True), ("http://x/#fragment", True),
        ("a b", False), ("foo", False), ("?", False), (":x", False), ("1http://x", False), ("http://a b/", False),
        ("http://x/%zz", False), ("http://[::1", False), ("http://x:port/", False), ("http://x:-1/", False),
        ("http://x/\x07", False), ("http://x#<>", False), ("http://a%20b/", False), ("http://u^@x", False),
        ("http://user:pa ss@x/", False),
    ],
)  # fmt: skip
def test_addresses(text: str, taken: bool) -> None:
    assert is_uri(text) is taken
