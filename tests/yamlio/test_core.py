from typing import Any

import pytest

from alertd.yamlio import Documents, Tag, plain, texts
from alertd.yamlio.core import resolve


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        pytest.param("true", Tag.BOOL, id="true is a boolean"),
        pytest.param("FALSE", Tag.BOOL, id="upper case, too"),
        pytest.param("yes", Tag.STR, id="yes is a text"),
        pytest.param("on", Tag.STR, id="on is a text"),
        pytest.param("12", Tag.INT, id="a whole number"),
        pytest.param("0123", Tag.INT, id="a leading zero is decimal"),
        pytest.param("0x1F", Tag.INT, id="hexadecimal"),
        pytest.param("0o17", Tag.INT, id="octal"),
        pytest.param("1_000", Tag.STR, id="underscores make a text"),
        pytest.param("1e3", Tag.FLOAT, id="an exponent without a point"),
        pytest.param(".5", Tag.FLOAT, id="no digit before the point"),
        pytest.param("-.inf", Tag.FLOAT, id="infinity"),
        pytest.param(".nan", Tag.FLOAT, id="not a number"),
        pytest.param("17:00", Tag.STR, id="a time of day is a text"),
        pytest.param("2026-01-01", Tag.STR, id="a date is a text"),
        pytest.param("1h30m", Tag.STR, id="a duration is a text"),
        pytest.param("", Tag.NULL, id="nothing is null"),
        pytest.param("~", Tag.NULL, id="a tilde is null"),
        pytest.param("Null", Tag.NULL, id="null may begin with a capital"),
        pytest.param("nULL", Tag.STR, id="but only with that"),
    ],
)
def test_plain_scalars_are_what_the_core_schema_says(text: str, tag: Tag) -> None:
    assert resolve(text) is tag


YAML = "{a: 0123, b: 0x10, c: 0o17, d: 1e3, e: -.inf, f: yes, g: true, h: null, i: '5', j: !!str 7, k: [1, {l: ~}]}"


def read(text: str) -> Any:
    return Documents(text, file="f.yml").read()


def test_plain_gives_python_values() -> None:
    assert plain(read(YAML)) == {
        "a": 123,
        "b": 16,
        "c": 15,
        "d": 1000.0,
        "e": float("-inf"),
        "f": "yes",
        "g": True,
        "h": None,
        "i": "5",
        "j": "7",
        "k": [1, {"l": None}],
    }


def test_texts_gives_every_scalar_as_it_was_written() -> None:
    assert texts(read(YAML)) == {
        "a": "0123",
        "b": "0x10",
        "c": "0o17",
        "d": "1e3",
        "e": "-.inf",
        "f": "yes",
        "g": "true",
        "h": None,
        "i": "5",
        "j": "7",
        "k": ["1", {"l": None}],
    }
