"""Durations: accepted and refused exactly as Prometheus does, printed as it prints them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.duration import DurationError, format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1h30m", 5400), ("1d12h", 129_600), ("90s", 90), ("1w2d", 777_600), ("1y", 31_536_000), ("1ms", 0.001),
        ("1h30m500ms", 5400.5), ("00m", 0), ("0", 0),
    ],
)  # fmt: skip
def test_accepted(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["5", "1.5h", "30m1h", "1m1m", "1d1w", "-5m", "5M", "1 minute", " 5m", "1e3s", "m", "٥m", "5m\n"]
)
def test_refused(text: str) -> None:
    with pytest.raises(DurationError, match="not a valid duration string"):
        parse_duration(text)


def test_refused_for_other_reasons() -> None:
    with pytest.raises(DurationError, match="empty duration string"):
        parse_duration("")
    with pytest.raises(DurationError, match="duration out of range"):
        parse_duration("9999999y")


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("604800s", "1w"),
        ("8d", "8d"),
        ("90s", "1m30s"),
        ("0", "0s"),
        ("1y", "1y"),
        ("366d", "366d"),
        ("1h500ms", "1h500ms"),
    ],
)
def test_printed(text: str, printed: str) -> None:
    assert format_duration(parse_duration(text)) == printed


@given(st.integers(0, 9_223_372_036_854))
def test_printing_and_parsing_again_changes_nothing(ms: int) -> None:
    duration = timedelta(milliseconds=ms)
    assert parse_duration(format_duration(duration)) == duration
