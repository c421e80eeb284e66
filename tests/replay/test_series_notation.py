"""promtool's notation for the values of a series. Every expectation was checked with promtool 2.42."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.replay.series_notation import STALE, NotationError, Value, expand


@pytest.mark.parametrize(
    ("text", "values"),
    [
        pytest.param("", [], id="an empty text is a series without samples"),
        pytest.param("  5  -2\t.5 \n", [5.0, -2.0, 0.5], id="spaces separate; the line may end"),
        pytest.param("1e3 +1 -0 1.", [1000.0, 1.0, -0.0, 1.0], id="numbers as PromQL writes them"),
        pytest.param("Inf -Inf +inf", [math.inf, -math.inf, math.inf], id="infinities"),
        pytest.param("0+10x3", [0.0, 10.0, 20.0, 30.0], id="a step: n + 1 samples"),
        pytest.param("1-2x2", [1.0, -1.0, -3.0], id="a step down"),
        pytest.param("-1-1x2", [-1.0, -2.0, -3.0], id="from a negative number down"),
        pytest.param("1x3", [1.0, 1.0, 1.0, 1.0], id="a repeated number: n + 1 samples"),
        pytest.param("1x0", [1.0], id="no repetition"),
        pytest.param("0.1+0.1x2", [0.1, 0.2, 0.30000000000000004], id="steps are added one after the other"),
        pytest.param("_ 1", [None, 1.0], id="a missing sample"),
        pytest.param("_x3 1", [None, None, None, 1.0], id="n missing samples, not n + 1"),
        pytest.param("_x0", [], id="no missing sample"),
        pytest.param("1 stale _", [1.0, STALE, None], id="a stale marker"),
        pytest.param("Inf-1x2", [math.inf] * 3, id="a step from infinity"),
        pytest.param("010 08", [8.0, 8.0], id="a leading 0 is octal where it can be"),
        pytest.param("0x10", [0.0] * 11, id="not hexadecimal: 0, eleven times"),
    ],
)
def test_values(text: str, values: list[Value]) -> None:
    assert expand(text) == values


@pytest.mark.parametrize("text", ["NaN", "nan", "-NAN"])
def test_not_a_number(text: str) -> None:
    (value,) = expand(text)
    assert isinstance(value, float)
    assert math.isnan(value)


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        pytest.param(
            "1 2\n3",
            3,
            "a second line in series values, which promtool does not read: use >- to fold it",
            id="a second line",
        ),
        pytest.param("1 1e400", 2, 'number "1e400" is out of range', id="more than a float can hold"),
        pytest.param("1\u00a02", 1, "unexpected character in series sequence: '\\xa0'", id="a hard space"),
        pytest.param("1+1", 3, "unexpected end of input in series values", id="a step without count"),
        pytest.param("1x", 2, "unexpected end of input in series values", id="no count"),
        pytest.param("1+1 2", 3, 'unexpected " " in series values', id="a count is missing before a space"),
        pytest.param(
            "1 a", 2, 'unexpected identifier "a" in series values, expected number or "stale"', id="a word"
        ),
        pytest.param(
            "NaNx20",
            0,
            'unexpected identifier "NaNx20" in series values, expected number or "stale"',
            id="NaN cannot be repeated",
        ),
        pytest.param(
            "stalex3",
            0,
            'unexpected identifier "stalex3" in series values, expected number or "stale"',
            id="nor can a stale marker",
        ),
        pytest.param("1 2,3", 3, "unexpected character in series sequence: ','", id="a comma"),
        pytest.param(
            "0+1x2.5",
            4,
            'invalid repetition in series values: strconv.ParseUint: parsing "2.5": invalid syntax',
            id="half a repetition",
        ),
        pytest.param("1+-2x2", 2, "unexpected <op:-> in series values", id="two signs"),
        pytest.param("- 1", 1, 'unexpected " " in series values', id="a sign alone"),
        pytest.param("1x2 x", 4, 'unexpected "x" in series values', id="a count of nothing"),
        pytest.param("_1", 1, 'unexpected number "1"', id="no space after a missing sample"),
        pytest.param("1_000", 0, 'bad number syntax: "1"', id="digits in groups"),
        pytest.param("1x" + "9" * 30, 2, "value out of range", id="a count no computer has"),
        pytest.param("1 1x10000000", 2, "more than 10,000,000 samples in one series", id="a count that would fill memory"),
        pytest.param("{{schema:1}}", 0, "native histograms are not supported", id="a native histogram"),
    ],
)  # fmt: skip
def test_not_in_the_notation(text: str, offset: int, message: str) -> None:
    with pytest.raises(NotationError) as caught:
        expand(text)
    assert message in str(caught.value)
    assert caught.value.offset == offset


@given(st.lists(st.floats(allow_nan=False)))
def test_every_list_of_numbers_survives_being_written_and_read(values: list[float]) -> None:
    assert expand(" ".join(map(repr, values))) == values


@given(st.text(alphabet="0123456789.eE+-x_ nNaAiIfFstale{,"))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    offset = 0
    try:
        expand(text)
    except NotationError as error:
        offset = error.offset
    assert 0 <= offset <= len(text)
