"""Reading matchers: the classic syntax, the one for UTF-8, and which of them has the say."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.labels.matcher import Matcher, Op, matchers_text
from alertd.labels.matcher_classic import classic_matcher, classic_matchers
from alertd.labels.matcher_parse import MatcherError, RegexError, parse_matcher, parse_matchers
from alertd.labels.matcher_utf8 import utf8_matcher, utf8_matchers

FOO_BAR = Matcher("foo", Op.EQUAL, "bar")
WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


def equal(value: str) -> Matcher:
    return Matcher("foo", Op.EQUAL, value)


@pytest.mark.parametrize(
    ("text", "matcher"),
    [
        pytest.param("foo=bar", FOO_BAR, id="bare"),
        pytest.param(' foo = "bar" ', FOO_BAR, id="quoted, with blanks around"),
        pytest.param("foo=~bar|baz", Matcher("foo", Op.REGEX, "bar|baz"), id="the longer operator wins"),
        pytest.param("foo!~b.*", Matcher("foo", Op.NOT_REGEX, "b.*"), id="no match"),
        pytest.param("foo=", equal(""), id="nothing"),
        pytest.param("foo=a,b=c", equal("a,b=c"), id="a bare value may hold anything"),
        pytest.param(r'foo="a\nb\"c\\d\x"', equal('a\nb"c\\d\\x'), id="escapes; what is none stays"),
        pytest.param("foo=a\\", equal("a\\"), id="a backslash at the end"),
        pytest.param("foo=b'r", equal("b'r"), id="another quote is a letter"),
        pytest.param('foo="a\nb"', equal("a\nb"), id="a newline may stand as it is"),
        pytest.param("foo:x=1", Matcher("foo:x", Op.EQUAL, "1"), id="colons in names"),
    ],
)
def test_classic_matcher(text: str, matcher: Matcher) -> None:
    assert classic_matcher(text) == matcher


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("alertname", "bad matcher format: alertname", id="no operator"),
        pytest.param("", "bad matcher format: ", id="nothing"),
        pytest.param("0a=b", "bad matcher format: 0a=b", id="a digit first"),
        pytest.param('foo=b"ar', 'matcher value contains unescaped double quote: b"ar', id="a quote within"),
        pytest.param('foo="bar', 'matcher value contains unescaped double quote: "bar', id="no quote at the end"),
        pytest.param(r'foo="bar\"', r'matcher value contains unescaped double quote: "bar\"', id="an escaped one"),
        pytest.param(r'foo=""\""', r'matcher value contains unescaped double quote: ""\""', id="one too many"),
        pytest.param("a=~(", "error parsing regexp: missing closing ): `^(?:()$`", id="a bad pattern"),
    ],
)
def test_classic_errors(text: str, problem: str) -> None:
    with pytest.raises((MatcherError, RegexError)) as raised:
        classic_matcher(text)
    assert str(raised.value) == problem


@pytest.mark.parametrize(
    ("text", "count"),
    [
        pytest.param("", 0, id="nothing"),
        pytest.param("{}", 0, id="empty braces"),
        pytest.param("a=1,b=2", 2, id="two"),
        pytest.param('{a="1,2", b=~"x|y",}', 2, id="a comma in quotes, and one at the end"),
        pytest.param(r'a="x\",y",b=2', 2, id="an escaped quote does not end the quotes"),
        pytest.param("a=1, ", 1, id="a comma and a blank at the end"),
    ],
)
def test_classic_matchers(text: str, count: int) -> None:
    assert len(classic_matchers(text)) == count


@pytest.mark.parametrize(
    ("text", "matchers"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param("{}", [], id="empty braces"),
        pytest.param(" { foo = bar , } ", [FOO_BAR], id="blanks, braces, a comma at the end"),
        pytest.param("foo=bar,", [FOO_BAR], id="a comma at the end without braces"),
        pytest.param('"foo"="bar"', [FOO_BAR], id="both in quotes"),
        pytest.param('"service.name"=api', [Matcher("service.name", Op.EQUAL, "api")], id="any name"),
        pytest.param("foo=🙂bar", [equal("🙂bar")], id="any letter"),
        pytest.param(r'foo="\xf0\x9f\x99\x82"', [equal("🙂")], id="escapes as in Go"),
        pytest.param("foo=bar,bar!~[a-z]+", [FOO_BAR, Matcher("bar", Op.NOT_REGEX, "[a-z]+")], id="more than one"),
    ],
)
def test_utf8_matchers(text: str, matchers: list[Matcher]) -> None:
    assert utf8_matchers(text) == tuple(matchers)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(",", "0:1: unexpected ,: expected label name", id="a comma alone"),
        pytest.param("{,}", "1:2: unexpected ,: expected label name", id="a comma in braces"),
        pytest.param("{", "0:1: end of input: expected close brace", id="an open brace"),
        pytest.param("}", "0:1: }: expected opening brace", id="a close brace"),
        pytest.param("foo=bar}", "0:8: }: expected opening brace", id="no open brace"),
        pytest.param("{foo=bar", "0:8: end of input: expected close brace", id="no close brace"),
        pytest.param("{foo=bar}}", "9:10: }: expected end of input", id="more after the end"),
        pytest.param("foo=", "end of input: expected label value", id="no value"),
        pytest.param("foo", "end of input: expected an operator such as '=', '!=', '=~' or '!~'", id="no operator"),
        pytest.param('{foo=:"bar"}', '6:11: unexpected "bar": expected a comma or close brace', id="two values"),
        pytest.param("a=b,!=", "4:6: unexpected !=: expected a matcher or close brace after comma", id="no name"),
        pytest.param(r'{foo="bar\w"}', r'5:12: "bar\w": invalid input', id="no escape of Go"),
        pytest.param(r"{foo=bar\n}", r"8:9: \: invalid input: expected a comma or close brace", id="bare escape"),
        pytest.param(r'{"foo"="\xf0\x9f"}', r'7:17: "\xf0\x9f": invalid input', id="half a character"),
        pytest.param('"foo', '0:4: "foo: missing end "', id="no quote at the end"),
        pytest.param("{~", "1:2: ~: invalid input", id="half an operator"),
        pytest.param(
            "foo!",
            "3:4: unexpected end of input, expected one of '=~': expected an operator such as '=', '!=', '=~' or '!~'",
            id="an operator cut off",
        ),
    ],
)
def test_utf8_errors(text: str, problem: str) -> None:
    with pytest.raises(MatcherError) as raised:
        utf8_matchers(text)
    assert str(raised.value) == problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("", "no matchers", id="none"),
        pytest.param("foo=bar,bar=baz", "expected 1 matcher, found 2", id="two"),
    ],
)
def test_one_matcher_in_utf8_is_one(text: str, problem: str) -> None:
    with pytest.raises(MatcherError) as raised:
        utf8_matcher(text)
    assert str(raised.value) == problem


@pytest.mark.parametrize(
    ("text", "matcher"),
    [
        pytest.param('"service.name"="api"', Matcher("service.name", Op.EQUAL, "api"), id="UTF-8 alone reads it"),
        pytest.param("service.name=api", Matcher("service.name", Op.EQUAL, "api"), id="a word of UTF-8"),
        pytest.param("foo=", equal(""), id="the classic one alone reads it"),
        pytest.param("foo=a b", equal("a b"), id="a blank within"),
        pytest.param(r'foo="\t"', equal("\\t"), id="both read it, and differ: the classic one has the say"),
        pytest.param("foo=bar", FOO_BAR, id="both agree"),
    ],
)
def test_either_syntax(text: str, matcher: Matcher) -> None:
    assert parse_matcher(text) == matcher
    assert parse_matchers(text) == (matcher,)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("alertname", "bad matcher format: alertname", id="neither reads it: the classic error"),
        pytest.param('{a="b"}', 'unexpected open or close brace: {a="b"}', id="braces around one"),
        pytest.param("a=~(", "error parsing regexp: missing closing ): `^(?:()$`", id="a bad pattern"),
    ],
)
def test_a_filter_that_is_no_matcher(text: str, problem: str) -> None:
    with pytest.raises((MatcherError, RegexError)) as raised:
        parse_matcher(text)
    assert str(raised.value) == problem


def test_an_item_of_matchers_may_hold_several() -> None:
    assert parse_matchers('{a="1", b=~"x|y"}') == (Matcher("a", Op.EQUAL, "1"), Matcher("b", Op.REGEX, "x|y"))


@given(WORDS, st.sampled_from([Op.EQUAL, Op.NOT_EQUAL]), TEXTS)
def test_what_is_printed_reads_as_it_was(name: str, op: Op, value: str) -> None:
    matcher = Matcher(name, op, value)
    assert parse_matchers(str(matcher)) == (matcher,)


@given(st.lists(st.builds(Matcher, WORDS, st.just(Op.EQUAL), TEXTS), max_size=4))
def test_a_printed_list_reads_as_it_was(matchers: list[Matcher]) -> None:
    assert parse_matchers(matchers_text(matchers)) == tuple(matchers)


@given(st.text("ab=\"\\,{}!~ \n'", max_size=12))
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (parse_matcher, parse_matchers, utf8_matchers):
        with suppress(MatcherError, RegexError):
            parse(text)
