"""Every key of every file that people write, as tables in Markdown, made from the settings models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, TypeAdapter

from alertd.api.web_settings import WebFile
from alertd.config.optional import KEY as WHEN
from alertd.config.rules_schema import GROUP, PARAMETER, RULE
from alertd.config.schema import REFERENCE, Schema, definition, references, values_schema
from alertd.config.settings import AlertdFile
from alertd.ledger.prices import PriceSettings
from alertd.replay.test_file import UnitTests
from alertd.rules.registry import KINDS
from alertd.settings import Duration

_DURATION = TypeAdapter(Duration).json_schema()["pattern"]
_LONGEST = 80
"""Characters of a default that is shown; longer ones are templates."""
_WORDS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "`true` or `false`"}


def reference() -> str:
    """The page about files; ends with a line break."""
    parts = [
        "## alertd.yml\n",
        f"Each pack and each integration of a receiver may also have {code(WHEN)}: where what it asks for is empty, false, no,",
        "off or 0, the entry is left out.\n",
        *_sections(AlertdFile, "alertd.yml"),
        "## Rule files\n",
        *_hand_made("A group", GROUP),
        *_hand_made("A rule", RULE),
        *_hand_made("A parameter of the file, by its name under `parameters`", PARAMETER),
        *(part for key, entry in KINDS.items() for part in _sections(entry.settings, key)),
        "## Unit tests of rules\n",
        *_sections(UnitTests, "tests.yml"),
        "## Prices of tokens\n",
        *_sections(PriceSettings, "prices.yml"),
        "## TLS and authentication\n",
        *_sections(WebFile, "web.yml"),
    ]
    return "\n".join(parts)


def table(heading: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table in Markdown; ends with a line break."""
    lines = [heading, ("---",) * len(heading), *(tuple(cell.replace("|", "\\|") for cell in row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def code(text: str) -> str:
    return f"`{text}`"


def _sections(model: type[BaseModel], path: str) -> Iterator[str]:
    """A section for a model and for each that it holds, in the order in which they are named first."""
    root = values_schema(model)
    definitions = root.pop("$defs", {})
    choices = {name: one for name, one in definitions.items() if "properties" not in one}
    root, definitions = _without(choices, root), _without(choices, definitions)
    waiting, shown = [(path, path, root)], set[str]()
    while waiting:
        title, anchor, schema = waiting.pop(0)
        yield _section(title, f"{path}-{anchor}", path, schema)
        for key, value in schema["properties"].items():
            for name in references(value):
                if name not in shown:
                    shown.add(name)
                    under = key if title == path and path not in KINDS else f"{title}.{key}"
                    waiting.append((under, name, definitions[name]))


def _section(title: str, anchor: str, root: str, schema: Schema) -> str:
    required = schema.get("required", [])
    rows = [
        (code(key), _type(value, root), _default(value, required=key in required), _told(value))
        for key, value in schema["properties"].items()
    ]
    told = schema.get("description", "")
    head = f'<a id="{_anchor(anchor)}"></a>\n\n### {code(title)}\n'
    return "\n".join([head, *([f"{told}\n"] if told else []), table(("key", "type", "default", "what"), rows)])


def _hand_made(title: str, keys: Mapping[str, Schema]) -> Iterator[str]:
    yield f"### {title}\n"
    yield table(("key", "what"), [(code(key), schema.get("description", "see below")) for key, schema in keys.items()])


def _without(choices: Mapping[str, Schema], schema: Any) -> Any:
    """The same with enumerations where they are used, instead of references to them."""
    if isinstance(schema, dict):
        if REFERENCE in schema and definition(schema) in choices:
            return choices[definition(schema)] | {key: value for key, value in schema.items() if key != REFERENCE}
        return {key: _without(choices, value) for key, value in schema.items()}
    return [_without(choices, one) for one in schema] if isinstance(schema, list) else schema


def _type(schema: Schema, root: str) -> str:
    match schema:
        case {"$ref": str()}:
            return f"[mapping](#{_anchor(f'{root}-{definition(schema)}')})"
        case {"anyOf": [*several]}:
            return " or ".join(dict.fromkeys(_type(one, root) for one in several if one.get("type") != "null"))
        case {"const": value}:
            return code(str(value))
        case {"enum": [*values]}:
            return ", ".join(code(str(value)) for value in values)
        case {"type": "array", "prefixItems": [*items]}:
            return f"list of {', '.join(_type(one, root) for one in items)}"
        case {"type": "array"}:
            return f"list of {_type(schema.get('items', {}), root)}"
        case {"type": "object", "additionalProperties": dict() as values}:
            return f"mapping of names to {_type(values, root)}"
        case {"type": "object"}:
            return "mapping"
        case {"pattern": pattern} if pattern == _DURATION:
            return "duration"
        case {"examples": [first, *_]}:
            return f"text, such as {code(str(first))}"
        case {"type": str() as kind}:
            return _WORDS.get(kind, kind)
    return "anything"


def _default(schema: Schema, *, required: bool) -> str:
    if required:
        return "required"
    value = schema.get("default")
    if value in (None, "", [], {}) or isinstance(value, dict):
        return ""
    if isinstance(value, bool):
        return code(str(value).lower())
    if isinstance(value, list):
        return ", ".join(code(str(one.get("at", one)) if isinstance(one, dict) else str(one)) for one in value)
    text = str(value)
    return code(text) if len(text) <= _LONGEST and "\n" not in text and "`" not in text else "a template"


def _told(schema: Schema) -> str:
    return " ".join(str(schema.get("description", "")).split())


def _anchor(text: str) -> str:
    return "".join(character if character.isalnum() else "-" for character in text.lower())
