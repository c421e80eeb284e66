from typing import Any

import pytest
from pydantic import Field, ValidationError, field_validator

from alertd.config.model_problems import model_problems
from alertd.settings import Duration, SecretText, Settings
from alertd.yamlio import Documents, texts


class Inner(Settings):
    """Something with a name."""

    name: str = Field(min_length=1)
    wait: Duration | None = None
    secret: SecretText | None = None

    @field_validator("name")
    @classmethod
    def _no_x(cls, value: str) -> str:
        if value == "x":
            raise ValueError("must not be x")
        return value


class Outer(Settings):
    """Something with all sorts of values."""

    global_: Inner | None = Field(None, alias="global")
    number: int = 0
    flag: bool = False
    ratio: float = 0.0
    names: tuple[str, ...] = ()
    many: tuple[Inner, ...] = ()
    by_name: dict[str, Inner] = Field(default_factory=dict)
    either: Inner | bool | None = None


def problems(text: str, **remedies: tuple[str, str]) -> list[str]:
    root = Documents(text, file="a.yml").read()
    assert root is not None
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(texts(root))
    return [str(problem) for problem in model_problems(caught.value, model=Outer, node=root, remedies=remedies)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "numbr: 1",
            [
                'a.yml:1:1 numbr: field numbr not found in type Outer; did you mean "number"? '
                "known: by_name, either, flag, global, many, names, number, ratio"
            ],
            id="an unknown key on top",
        ),
        pytest.param(
            "many:\n- name: a\n- {name: b, wat: 1s}\n",
            ['a.yml:3:13 many[1].wat: field wat not found in type many; did you mean "wait"? known: name, secret, wait'],
            id="an unknown key in a list",
        ),
        pytest.param(
            "by_name: {k: {name: b, nam: c}}",
            ['a.yml:1:24 by_name.k.nam: field nam not found in type k; did you mean "name"? known: name, secret, wait'],
            id="an unknown key in a mapping of models",
        ),
        pytest.param(
            "global: {name: a, zz: 1}",
            ['a.yml:1:19 global.zz: field zz not found in type global; known: name, secret, wait'],
            id="an unknown key under an alias",
        ),
        pytest.param("many:\n- {}\n", ["a.yml:2:3 many[0].name: must be given"], id="a key that is missing"),
        pytest.param("number: many", ["a.yml:1:9 number: must be a whole number"], id="no number"),
        pytest.param("ratio: much", ["a.yml:1:8 ratio: must be a number"], id="no ratio"),
        pytest.param("flag: maybe", ["a.yml:1:7 flag: must be true or false"], id="no flag"),
        pytest.param("names: one", ["a.yml:1:8 names: must be a list"], id="no list"),
        pytest.param("global: one", ["a.yml:1:9 global: must be a mapping"], id="no mapping"),
        pytest.param("global: {name: [a]}", ["a.yml:1:16 global.name: must be a text"], id="no text"),
        pytest.param("global: {name: x}", ["a.yml:1:16 global.name: must not be x"], id="a validator's own words"),
        pytest.param(
            "global: {name: a, wait: 5}",
            [
                'a.yml:1:25 global.wait: not a valid duration string: "5"; '
                "write a number and a unit, large units first, such as 30s, 5m or 1h30m"
            ],
            id="no duration",
        ),
        pytest.param("number: many\nflag: maybe", ["a.yml:1:9 number: must be a whole number", "a.yml:2:7 flag: must be true or false"], id="everything at once"),
    ],
)  # fmt: skip
def test_every_error_has_its_place_and_our_words(text: str, expected: list[str]) -> None:
    assert problems(text) == expected


def test_a_well_known_stranger_has_its_own_remedy() -> None:
    remedies: dict[str, Any] = {"many.slack": ("slack is not supported", "remove it")}
    assert problems("many: [{name: a, slack: 1}]", **remedies) == [
        "a.yml:1:18 many[0].slack: slack is not supported; remove it"
    ]


def test_a_secret_of_the_wrong_kind_is_not_repeated() -> None:
    assert "hunter2" not in "".join(problems("global: {name: a, secret: [hunter2]}"))
