"""How one series is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.labels import LabelSet
from alertd.replay.series_name import parse_series
from alertd.replay.series_notation import NotationError


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        pytest.param("m", {"__name__": "m"}, id="a name alone"),
        pytest.param("a:b_c9", {"__name__": "a:b_c9"}, id="a recorded name"),
        pytest.param('m{a="b",c="d"}', {"__name__": "m", "a": "b", "c": "d"}, id="name and labels"),
        pytest.param('m{a="b",}', {"__name__": "m", "a": "b"}, id="a comma after the last label"),
        pytest.param(' m { a = "b" , } ', {"__name__": "m", "a": "b"}, id="spaces anywhere"),
        pytest.param('{__name__="m"}', {"__name__": "m"}, id="the name as a label"),
        pytest.param('{a="b"}', {"a": "b"}, id="labels without a name"),
        pytest.param("{}", {}, id="no labels, as a scalar has"),
        pytest.param("m{}", {"__name__": "m"}, id="empty braces"),
        pytest.param('m{a=""}', {"__name__": "m"}, id="an empty value is an absent label"),
        pytest.param("""m{a='b"c', d=`e\\n`}""", {"__name__": "m", "a": 'b"c', "d": "e\\n"}, id="all three quotes"),
        pytest.param(r'm{a="x\"y\\z\n\t"}', {"__name__": "m", "a": 'x"y\\z\n\t'}, id="simple escapes"),
        pytest.param(r'm{a="\u00e9\xc3\xa9\303\251"}', {"__name__": "m", "a": "ééé"}, id="numeric escapes"),
        pytest.param('m{a="{},"}', {"__name__": "m", "a": "{},"}, id="braces and commas in a value"),
    ],
)
def test_a_series(text: str, labels: dict[str, str]) -> None:
    assert parse_series(text) == LabelSet(labels)


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        pytest.param("", 0, "expected a series", id="nothing"),
        pytest.param('"m"', 0, "expected a series", id="a string"),
        pytest.param("m{a=b}", 2, 'expected name="value"', id="a value without quotes"),
        pytest.param('m{a!="b"}', 2, 'expected name="value"', id="another operator"),
        pytest.param('m{a="b",a="c"}', 8, "label a is given twice", id="a label given twice"),
        pytest.param("m{,}", 2, 'expected name="value"', id="a lone comma"),
        pytest.param('m{a="b" c="d"}', 8, "expected ,", id="no comma between"),
        pytest.param('m{a="b"', 7, "expected , or }", id="braces left open"),
        pytest.param('m{a="b"} x', 9, "expected a series", id="more after the braces"),
        pytest.param("a b", 2, "expected a series", id="two names"),
        pytest.param(r'm{a="xy\q"}', 7, r"unknown escape sequence \q", id="an unknown escape"),
    ],
)
def test_not_a_series(text: str, offset: int, message: str) -> None:
    with pytest.raises(NotationError, match=message.replace("\\", "\\\\")) as caught:
        parse_series(text)
    assert caught.value.offset == offset


@given(st.dictionaries(st.from_regex(r"[a-z_][a-z0-9_]*", fullmatch=True), st.text(min_size=1)))
def test_every_label_set_survives_being_written_and_read(labels: dict[str, str]) -> None:
    written = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    assert parse_series("{" + written + "}") == LabelSet(labels)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
