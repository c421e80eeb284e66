from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.yamlio import Documents, Items, Node, Scalar, Table, child_path, locate, plain
from alertd.yamlio.reader import MAX_DEPTH, MAX_VALUES


def problems(text: str) -> list[str]:
    documents = Documents(text, file="f.yml")
    list(documents)
    return [str(problem) for problem in documents.problems]


def read(text: str) -> Any:
    documents = Documents(text, file="f.yml")
    root = documents.read()
    assert documents.problems == []
    return root


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 8)
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "a: 1\nb: 2\na: 3\nb: 4\na: 5\n",
            [
                'f.yml:3:1 a: key "a" is given twice, first at line 1; keep one of them',
                'f.yml:4:1 b: key "b" is given twice, first at line 2; keep one of them',
                'f.yml:5:1 a: key "a" is given twice, first at line 1; keep one of them',
            ],
            id="every repeated key is told",
        ),
        pytest.param(
            "r: {x: {y: 1, y: 2}}",
            ['f.yml:1:15 r.x.y: key "y" is given twice, first at line 1; keep one of them'],
            id="a repeated key deep inside",
        ),
        pytest.param(
            "a: [1",
            [
                "f.yml:2:1 not YAML: did not find expected ',' or ']' while parsing a flow sequence that begins at "
                "line 1; check indentation and quotes"
            ],
            id="an open bracket",
        ),
        pytest.param(
            "a:\n\t- x",
            [
                "f.yml:2:1 not YAML: found character that cannot start any token while scanning for the next token; "
                "indent with spaces, not tabs"
            ],
            id="a tab as indentation",
        ),
        pytest.param(
            "a: b: c",
            [
                'f.yml:1:5 not YAML: mapping values are not allowed in this context; put a text that holds ": " in quotes'
            ],
            id="a colon in a plain text",
        ),
        pytest.param(
            "a: {{ $value }}",
            [
                "f.yml:1:5 a: a key must be a single text, not a list or a mapping; "
                "put a text that begins with {{ in quotes"
            ],
            id="an unquoted template",
        ),
        pytest.param(
            "a: @x",
            [
                "f.yml:1:4 not YAML: found character that cannot start any token while scanning for the next token; "
                "put a text that begins with @, ` or % in quotes"
            ],
            id="a reserved character",
        ),
        pytest.param(
            "a: 1\nb: \x01",
            ["f.yml:2:4 character U+0001: control characters are not allowed; remove it"],
            id="a control character",
        ),
        pytest.param(
            "a: *x", ["f.yml:1:4 a: alias *x refers to no value that ends before it"], id="an alias of nothing"
        ),
        pytest.param(
            "a: &a [*a]",
            ["f.yml:1:8 a[0]: alias *a refers to no value that ends before it"],
            id="an alias of what it is in",
        ),
        pytest.param("a: !x 1", ["f.yml:1:4 a: tag !x is not supported; remove it"], id="a tag of somebody else's"),
        pytest.param(
            "a: !!int x", ['f.yml:1:4 a: "x" is no !!int; remove the tag'], id="a tag that does not fit its value"
        ),
        pytest.param(
            "a: {<<: 5}", ['f.yml:1:5 a["<<"]: << merges mappings only; refer to a mapping, such as <<: *defaults'],
            id="a merge of a number",
        ),
        pytest.param(
            "[" * 5000, [f"f.yml:1:{MAX_DEPTH + 2} nested deeper than {MAX_DEPTH} levels"], id="endless nesting"
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(text: str, expected: list[str]) -> None:
    assert problems(text) == expected


def test_aliases_of_aliases_come_to_an_end() -> None:
    (problem,) = problems(BOMB)
    assert f"more than {MAX_VALUES:,} values, aliases included" in problem


def test_after_a_repeated_key_the_first_value_counts_and_the_rest_is_read() -> None:
    documents = Documents("a: 1\na: 2\nb: 3\n", file="f.yml")
    root = documents.read()
    assert root is not None
    assert plain(root) == {"a": 1, "b": 3}


def test_merge_keys_fill_in_what_is_not_given() -> None:
    text = "d: &d {x: 1, y: [2]}\ne: {<<: *d, x: 5}\nf: {<<: [*d, {x: 7, z: 3}]}\n"
    assert plain(read(text)) == {
        "d": {"x": 1, "y": [2]},
        "e": {"x": 5, "y": [2]},
        "f": {"x": 1, "y": [2], "z": 3},
    }


def test_an_aliased_value_has_the_path_where_it_is_used_and_the_place_where_it_is_written() -> None:
    node, used = locate(read("a: &a {b: [x]}\nc: {<<: *a, d: *a}\n"), ("c", "d", "b", 0))
    assert (used, node.path, node.line, node.column) == (4, "c.d.b[0]", 1, 12)


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "...\n"])
def test_an_empty_text_has_no_value(text: str) -> None:
    root = Documents(text, file="f.yml").read()
    assert root is None or plain(root) is None


def test_documents_are_read_one_by_one_and_a_later_fault_does_not_harm_earlier_ones() -> None:
    documents = Documents("a: 1\n---\nb: [\n", file="f.yml")
    first = documents.read()
    assert first is not None
    assert plain(first) == {"a": 1}
    assert documents.more_at() == (2, 1)
    assert documents.problems == []
    assert documents.read() is None
    assert len(documents.problems) == 1
    assert documents.more_at() is None


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    assert plain(read("\ufeffa: 1\n")) == {"a": 1}


@pytest.mark.parametrize(
    ("text", "wanted", "place"),
    [
        pytest.param("k: up == 0", "==", (1, 7), id="plain"),
        pytest.param("k: 'up == 0'", "==", (1, 8), id="single quotes"),
        pytest.param('k: "up == 0"', "==", (1, 8), id="double quotes"),
        pytest.param("k: |\n  up\n    == 0\n", "==", (3, 5), id="literal block"),
        pytest.param("k: |-\n\n  up\n  == 0", "==", (4, 3), id="literal block that begins with an empty line"),
        pytest.param("k: >\n  up\n  == 0\n", "==", (1, 4), id="folded block: where it starts"),
        pytest.param('k: "a\\tb == 0"', "==", (1, 4), id="escapes: where it starts"),
    ],
)
def test_a_part_of_a_text_has_its_own_place(text: str, wanted: str, place: tuple[int, int]) -> None:
    scalar = read(text).get("k")
    assert scalar.place(scalar.text.index(wanted)) == place


@pytest.mark.parametrize(
    ("path", "key", "expected"),
    [("", "route", "route"), ("route", "receiver", "route.receiver"), ("labels", "a.b", 'labels["a.b"]')],
)
def test_child_path(path: str, key: str, expected: str) -> None:
    assert child_path(path, key) == expected


def nodes(node: Node) -> list[Node]:
    match node:
        case Items():
            return [node, *(inner for item in node.items for inner in nodes(item))]
        case Table():
            values = [entry.value for entry in node.entries.values()]
            return [node, *(entry.key for entry in node.entries.values()), *(n for v in values for n in nodes(v))]
    return [node]


WORDS = st.text("abcdefgh", min_size=1, max_size=5)
VALUES = st.recursive(
    WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=20,
)


def block(value: Any, indent: int = 0) -> str:
    """The value as block YAML, one scalar per line."""
    pad = " " * indent
    if isinstance(value, dict) and value:
        return "".join(f"{pad}{key}:\n{block(inner, indent + 2)}" for key, inner in value.items())
    if isinstance(value, list) and value:
        return "".join(f"{pad}-\n{block(inner, indent + 2)}" for inner in value)
    return f"{pad}{value}\n" if value else f"{pad}{'{}' if isinstance(value, dict) else '[]'}\n"


@given(VALUES)
def test_what_is_read_is_what_was_written_and_every_scalar_stands_where_it_says(value: Any) -> None:
    text = block(value)
    root = read(text)
    assert plain(root) == value
    lines = text.splitlines()
    for node in nodes(root):
        if isinstance(node, Scalar):
            assert lines[node.line - 1][node.column - 1 :].startswith(node.text)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_place_inside_it(text: str) -> None:
    documents = Documents(text, file="f.yml")
    list(documents)
    for problem in documents.problems:
        assert problem.file == "f.yml"
        assert problem.message
        assert 1 <= problem.line <= len(documents.source.lines) + 1
        assert problem.column >= 1
