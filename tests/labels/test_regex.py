"""Regular expressions: whole values, RE2's syntax, Go's words for errors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.labels.regex import RegexError, accepted_values, anchored, compile_pattern, full_match, required_prefix


@pytest.mark.parametrize(
    ("pattern", "accepted", "refused"),
    [
        pytest.param("ab", ["ab"], ["abc", "xab", ""], id="whole values only"),
        pytest.param("a|b", ["a", "b"], ["ab", "ac"], id="each alternative as a whole"),
        pytest.param("a.*", ["a", "abc"], ["ba"], id="a prefix"),
        pytest.param(".*", ["", "x", "é☃"], ["a\nb"], id="a dot is no newline"),
        pytest.param("(?s).*", ["a\nb"], [], id="unless it is told so"),
        pytest.param("a$", ["a"], ["a\n"], id="$ is the end of the text, not of a line before it"),
        pytest.param("(?i)HIGH", ["high", "HiGh"], ["higher"], id="flags"),
        pytest.param(r"\pL+", ["äb"], ["a1"], id="classes of Unicode"),
        pytest.param(r"\Qa.b\E", ["a.b"], ["axb"], id="quoted text"),
        pytest.param("[[:digit:]]{2}", ["42"], ["4"], id="POSIX classes"),
    ],
)
def test_matching(pattern: str, accepted: list[str], refused: list[str]) -> None:
    matches = full_match(pattern)
    assert [text for text in accepted + refused if matches(text)] == accepted


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        pytest.param("(", "missing closing ): `^(?:()$`", id="as Alertmanager 0.25 said it"),
        pytest.param("[", "missing closing ]: `[)$`", id="a class without end"),
        pytest.param("*", "missing argument to repetition operator: `*`", id="nothing to repeat"),
        pytest.param("a**", "invalid nested repetition operator: `**`", id="repeated twice"),
        pytest.param("(?=a)", "invalid or unsupported Perl syntax: `(?=`", id="look-ahead"),
        pytest.param(r"(a)\1", r"invalid escape sequence: `\1`", id="back-reference"),
        pytest.param(r"\C", r"invalid escape sequence: `\C`", id="RE2 knows it, Go does not"),
        pytest.param("a{1001}", "invalid repeat count: `{1001}`", id="too often"),
    ],
)
def test_errors_have_gos_words(pattern: str, problem: str) -> None:
    with pytest.raises(RegexError) as raised:
        full_match(pattern)
    assert str(raised.value) == f"error parsing regexp: {problem}"


@pytest.mark.parametrize(
    ("pattern", "values"),
    [
        pytest.param("a|b", {"a", "b"}, id="alternatives"),
        pytest.param("(a|b)", {"a", "b"}, id="in parentheses"),
        pytest.param("^(?:a|b)$", {"a", "b"}, id="anchored, as match_re keeps it"),
        pytest.param("", {""}, id="the empty pattern accepts the absent label"),
        pytest.param("a|", {"a", ""}, id="or nothing"),
        pytest.param("(a)|(b)", None, id="two groups"),
        pytest.param("a.b", None, id="a dot may be anything"),
        pytest.param(r"a\.b", None, id="an escape is not looked into"),
        pytest.param("(?i)a", None, id="flags"),
    ],
)
def test_values_are_listed_where_the_pattern_is_plain(pattern: str, values: set[str] | None) -> None:
    assert accepted_values(pattern) == values


@pytest.mark.parametrize(
    ("pattern", "prefix"),
    [
        pytest.param("api-[0-9]+", "api-", id="up to the first sign"),
        pytest.param("ab?c", "a", id="a letter that may be absent is not required"),
        pytest.param("ab*", "a", id="nor one that may be absent or repeated"),
        pytest.param("ab{0,2}", "a", id="nor one that is counted"),
        pytest.param("ab+", "ab", id="one that is there once at least is"),
        pytest.param("a|b.", "", id="alternatives need not share it"),
        pytest.param("(?i)ab", "", id="flags"),
        pytest.param("^(?:ab.*)$", "ab", id="anchored, as match_re keeps it"),
    ],
)
def test_required_prefix(pattern: str, prefix: str) -> None:
    assert required_prefix(pattern) == prefix


@given(st.text("ab|()^$?:*{1}+.", max_size=8), st.text("ab", max_size=4))
def test_shortcuts_change_nothing(pattern: str, text: str) -> None:
    try:
        matches = compile_pattern(anchored(pattern)).search(text) is not None
    except RegexError:
        return
    assert full_match(pattern)(text) is matches


@given(st.text("ab|()^$?:", max_size=8), st.text("ab", max_size=3))
def test_listed_values_are_those_that_match(pattern: str, text: str) -> None:
    values = accepted_values(pattern)
    try:
        matches = compile_pattern(anchored(pattern)).search(text) is not None
    except RegexError:
        return
    if values is not None:
        assert (text in values) is matches
