"""A template cannot eat the machine: every way to loop, nest, grow or recurse ends in an error of its own."""

from __future__ import annotations

import pytest

from alertd.template import ExecError, ParseError, Template
from alertd.template.builtins import BUILTINS
from alertd.template.functions import FunctionSet
from alertd.template.state import Limits

FUNCTIONS = FunctionSet(BUILTINS)
SMALL = Limits(steps=10_000, output_size=10_000, string_size=5_000, depth=50)


def render(text: str, data: object = None) -> str:
    return Template.parse(text, name="t", functions=FUNCTIONS, limits=SMALL).render(data)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{{ range 1000000000000 }}{{ end }}", id="a loop without end"),
        pytest.param("{{ range 100 }}{{ range 100 }}{{ range 100 }}x{{ end }}{{ end }}{{ end }}", id="nested loops"),
        pytest.param('{{ template "t" }}', id="a template that calls itself"),
        pytest.param(
            '{{ define "a" }}{{ template "b" . }}{{ end }}{{ define "b" }}{{ template "a" . }}{{ end }}'
            '{{ template "a" . }}',
            id="two templates that call each other",
        ),
        pytest.param("{{ $s := `x` }}{{ range 60 }}{{ $s = print $s $s }}{{ end }}", id="a string that doubles"),
        pytest.param('{{ range 1000 }}{{ printf "%100s" "x" }}{{ end }}', id="a long output"),
        pytest.param('{{ printf "%1000000d" 1 }}', id="a wide number"),
    ],
)
def test_rendering_stops(text: str) -> None:
    with pytest.raises(ExecError):
        render(text)


def test_a_list_that_contains_itself_many_times_is_not_printed() -> None:
    items: list[object] = [1]
    for _ in range(50):
        items = [items, items]
    with pytest.raises(ExecError):
        render("{{ . }}", items)


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        pytest.param("{{ if true }}", "{{ end }}", id="if in if"),
        pytest.param("{{ range . }}", "{{ end }}", id="range in range"),
        pytest.param("{{ if false }}{{ else }}", "{{ end }}", id="if in else"),
        pytest.param("{{ with 1 }}", "{{ end }}", id="with in with"),
    ],
)
def test_nesting_too_deeply_is_a_fault_of_the_text(opening: str, closing: str) -> None:
    assert render(opening * 50 + closing * 50, []) == ""
    with pytest.raises(ParseError, match="nested too deeply"):
        render(opening * 5000 + closing * 5000, [])


def test_parentheses_and_else_ifs_may_nest_as_far_as_people_nest_them() -> None:
    assert render("{{ " + "(" * 40 + "1" + ")" * 40 + " }}") == "1"
    chain = "".join(f'{{{{ else if eq . "{number}" }}}}{number}' for number in range(120))
    assert render(f'{{{{ if eq . "x" }}}}x{chain}{{{{ else }}}}none{{{{ end }}}}', "119") == "119"
    with pytest.raises(ParseError, match="nested too deeply"):
        render("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}")


def test_recursion_within_the_limit_is_fine() -> None:
    text = '{{ define "r" }}{{ if . }}{{ len . }},{{ template "r" (slice . 1) }}{{ end }}{{ end }}{{ template "r" . }}'
    assert render(text, [0] * 40).startswith("40,39,38,")
