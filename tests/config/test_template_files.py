from pathlib import Path

import pytest

from alertd.config.load import digest, examine, load
from alertd.config.template_files import template_file_names

CONFIG = "route: {receiver: a}\nreceivers: [{name: a}]\ntemplates: ['*.tmpl']\n"


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        pytest.param(["nowhere/*"], [], id="nothing matches"),
        pytest.param(["*.tmpl"], [".c.tmpl", "a.tmpl", "b.tmpl"], id="sorted, hidden files too"),
        pytest.param(["b.tmpl", "a.tmpl"], ["b.tmpl", "a.tmpl"], id="in the order of the patterns"),
        pytest.param(
            ["a.tmpl", "b.tmpl", "[ac].tmpl"], ["b.tmpl", "a.tmpl"], id="a file counts where it is named last"
        ),
        pytest.param(["**/*.tmpl"], ["sub/d.tmpl"], id="two stars are one"),
    ],
)
def test_which_files_and_in_what_order(tmp_path: Path, patterns: list[str], names: list[str]) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("b.tmpl", "a.tmpl", ".c.tmpl", "sub/d.tmpl", "e.txt"):
        (tmp_path / name).write_text("")
    assert template_file_names(patterns, base=tmp_path) == names


def test_they_are_part_of_the_configuration_and_its_digest(tmp_path: Path) -> None:
    (tmp_path / "alertd.yml").write_text(CONFIG)
    (tmp_path / "a.tmpl").write_text('{{ define "x" }}1{{ end }}')
    config = load(tmp_path / "alertd.yml", environment={})
    assert config.templates == (("a.tmpl", '{{ define "x" }}1{{ end }}'),)
    assert [path.name for path in config.files] == ["alertd.yml", "a.tmpl"]
    (tmp_path / "a.tmpl").write_text('{{ define "x" }}2{{ end }}')
    assert digest(tmp_path / "alertd.yml", environment={}) != config.digest


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(
            '{{ define "x" }}{{ if }}',
            "a.tmpl:1:1 template does not parse: template: a.tmpl:1: missing value for if",
            id="syntax",
        ),
        pytest.param(
            'one\n  {{ "two" | toUper }}\n',
            'a.tmpl:2:14 template does not parse: template: a.tmpl:2: function "toUper" not defined; did you mean "toUpper"?',
            id="an unknown function, at its place",
        ),
    ],
)
def test_one_that_does_not_parse_is_an_error_at_its_line(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "alertd.yml").write_text(CONFIG)
    (tmp_path / "a.tmpl").write_text(text)
    examined = examine(tmp_path / "alertd.yml", environment={})
    assert [str(problem).removeprefix(f"{tmp_path}/") for problem in examined.problems] == [told]
    assert examined.config is None
