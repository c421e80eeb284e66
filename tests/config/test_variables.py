from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.config.variables import Variables
from alertd.yamlio import Documents, Scalar, Source, Tag, texts

ENVIRONMENT = {"HOST": "prom:9090", "EMPTY": "", "_A1": "x$y${HOST}"}


def fill(text: str, base: Path = Path()) -> tuple[Any, list[str]]:
    root = Documents(text, file="a.yml").read()
    assert root is not None
    variables = Variables(ENVIRONMENT, base=base)
    filled = texts(variables.fill(root))
    return filled, [str(problem) for problem in variables.problems]


@pytest.mark.parametrize(
    ("written", "filled"),
    [
        pytest.param("http://${HOST}/x", "http://prom:9090/x", id="a variable"),
        pytest.param("${_A1}", "x$y${HOST}", id="what is filled in is not filled in again"),
        pytest.param("${EMPTY}", "", id="a variable that is set to nothing"),
        pytest.param("${EMPTY:-a}", "a", id="nothing takes the default"),
        pytest.param("${NOPE:-a:-b}", "a:-b", id="the default may hold anything"),
        pytest.param("${NOPE:-}", "", id="the default may be empty"),
        pytest.param("${HOST:-a}", "prom:9090", id="a default is not needed"),
        pytest.param("$$HOST $${HOST}", "$HOST ${HOST}", id="two dollars are one"),
        pytest.param("{{ $labels.job }} is {{ $value }}", "{{ $labels.job }} is {{ $value }}", id="templates stay"),
        pytest.param("${1}-$2", "${1}-$2", id="groups of a regular expression stay"),
        pytest.param("100 $", "100 $", id="a lone dollar stays"),
    ],
)
def test_references_are_filled_in(written: str, filled: str) -> None:
    assert fill(f"a: ['{written}']") == ({"a": [filled]}, [])


def test_keys_are_not_touched_and_numbers_become_texts() -> None:
    assert fill("{'${HOST}': 5, b: '${HOST}'}") == ({"${HOST}": "5", "b": "prom:9090"}, [])


def test_null_is_absent() -> None:
    assert fill("{a: null, b: [1, ~, 2], c: {d: }}") == ({"b": ["1", "2"], "c": {}}, [])


def test_null_is_the_empty_text_where_names_are_free() -> None:
    assert fill("{match: {team: , a: b}, labels: ~, x: {match: ~}}") == ({"match": {"team": "", "a": "b"}, "x": {}}, [])


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        pytest.param(
            "x ${NOPE}",
            'a.yml:1:7 a: environment variable "NOPE" is not set; '
            "set it, or write ${NOPE:-default}; $${NOPE} is the plain text",
            id="a variable that is not set",
        ),
        pytest.param(
            "${A-B}",
            "a.yml:1:5 a: ${A-B} is no reference; write $${A-B} for the plain text",
            id="what cannot be a name",
        ),
        pytest.param(
            "${file:none.txt}",
            'a.yml:1:5 a: file "none.txt" cannot be read: No such file or directory; check its path and permissions',
            id="a file that is not there",
        ),
    ],
)
def test_a_reference_to_nothing_is_told_with_its_place(written: str, problem: str) -> None:
    assert fill(f"a: '{written}'")[1] == [problem]


def test_every_reference_to_nothing_is_told() -> None:
    assert len(fill("a: '${A} ${B}'\nb: ['${C}']\n")[1]) == 3


def test_a_file_is_found_beside_the_configuration_and_stripped(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("http://x\n")
    assert fill("a: ${file:url}", tmp_path) == ({"a": "http://x"}, [])
    assert fill(f"a: '${{file:{tmp_path}/url}}/b'") == ({"a": "http://x/b"}, [])


@given(st.text(max_size=40))
def test_any_text_survives_with_its_dollars_doubled(text: str) -> None:
    node = Scalar(
        source=Source("a.yml", ""), path="a", line=1, column=1, text=text.replace("$", "$$"), tag=Tag.STR, style='"'
    )
    assert texts(Variables({}, base=Path()).fill(node)) == text
