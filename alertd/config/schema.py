"""JSON Schemas (draft-07) of what people write, for editors: alertd.yml, rule files, unit tests of rules.

They are made from the settings models. What a model cannot say in a schema (that two keys exclude each other, that a name
is defined elsewhere) is left to `alertd check`: a schema accepts every file that loads, and refuses what it can see.

source   JSON Schema draft-07, which the YAML language server and most editors read
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from alertd.config.optional import KEY as WHEN
from alertd.config.packs import PackSettings
from alertd.config.settings import AlertdFile
from alertd.receivers.registry import ReceiverSettings
from alertd.replay.test_file import UnitTests
from alertd.settings import Settings

Schema = dict[str, Any]

DRAFT = "http://json-schema.org/draft-07/schema#"
REFERENCE = "$ref"

_ANY_SCALAR = ["string", "number", "boolean"]
_VARIABLE = r"\$\{"
_WRITTEN_NUMBER = rf"^\s*[-+]?[\d.][\d._eE+-]*\s*$|{_VARIABLE}"
_WRITTEN_FLAG = rf"^([Tt]rue|[Ff]alse|[Yy]es|[Nn]o|[Oo]n|[Oo]ff|TRUE|FALSE|YES|NO|ON|OFF)$|{_VARIABLE}"
_FLAGS = {"true": True, "false": False}

_KEPT = ("description", "examples", "minLength", "minItems", "maxItems", "required")
_NULL: Schema = {"type": "null"}


def configuration_schema() -> Schema:
    """The schema of alertd.yml, which every alertmanager.yml that loads fits, too."""
    schema = schema_of(AlertdFile, title="alertd.yml")
    definitions = schema["definitions"]
    for name in (PackSettings.__name__, *references(definitions[ReceiverSettings.__name__])):
        definitions[name]["properties"][WHEN] = {
            "description": "the entry is left out where this is empty, false, no, off or 0; of a list everything must hold",
            "anyOf": [{"type": [*_ANY_SCALAR, "null"]}, {"type": "array", "items": {"type": _ANY_SCALAR}}],
        }
    return schema


def unit_tests_schema() -> Schema:
    """The schema of a file of unit tests of rules, promtool's included."""
    return schema_of(UnitTests, title="unit tests of rules")


def schema_of(model: type[BaseModel], *, title: str) -> Schema:
    """The schema of a file that is one model."""
    root, definitions = _parts(model)
    return {"$schema": DRAFT, "title": title, **root, "definitions": definitions}


def definitions_of(models: Mapping[str, type[Settings]]) -> dict[str, Schema]:
    """By name the definition of each model, and those of all models in them."""
    found: dict[str, Schema] = {}
    for name, model in models.items():
        root, definitions = _parts(model)
        found |= definitions | {name: root}
    return found


def values_schema(model: type[BaseModel]) -> Schema:
    """A model as pydantic describes its values (2020-12), with defaults as people write them."""
    return model.model_json_schema(by_alias=True, schema_generator=_WithDefaults)


def references(schema: object) -> Iterator[str]:
    """The names of the definitions that a schema refers to, in their order."""
    if isinstance(schema, dict):
        if REFERENCE in schema:
            yield definition(schema)
        for value in schema.values():
            yield from references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from references(value)


def definition(schema: Schema) -> str:
    """The name of the definition that `{"$ref": ...}` means."""
    return str(schema[REFERENCE]).rpartition("/")[2]


def text(description: str = "", **also: Any) -> Schema:
    """A text: any scalar is one."""
    return _described(description) | {"type": _ANY_SCALAR, **also}


def number(description: str = "", **also: Any) -> Schema:
    """A number, bare or in quotes, or what a variable holds."""
    forms = [{"type": "number", **also}, {"type": "string", "pattern": _WRITTEN_NUMBER}]
    return _described(description) | {"anyOf": forms}


def flag(description: str = "") -> Schema:
    """true or false."""
    return _described(description) | {"anyOf": [{"type": "boolean"}, {"type": "string", "pattern": _WRITTEN_FLAG}]}


def choice(values: Sequence[str], description: str = "") -> Schema:
    """One of some texts."""
    flags = [_FLAGS[value] for value in values if value in _FLAGS]
    return _described(description) | {"anyOf": [{"enum": [*values, *flags]}, {"type": "string", "pattern": _VARIABLE}]}


def patterned(pattern: str, description: str = "", **also: Any) -> Schema:
    """A text of a form; a 0 that fits needs no quotes."""
    forms: list[Schema] = [{"type": "string", "pattern": f"{pattern}|{_VARIABLE}"}]
    zero: list[Schema] = [{"const": 0}] if re.search(pattern, "0") else []
    return _described(description) | {"anyOf": [*forms, *zero], **also}


def _described(description: str) -> Schema:
    return {"description": description} if description else {}


def nullable(schema: Schema) -> Schema:
    """The same, or nothing: a key without a value is absent."""
    match schema:
        case {"anyOf": [*alternatives], **rest}:
            return {**rest, "anyOf": alternatives if _NULL in alternatives else [*alternatives, _NULL]}
        case {"type": str() as kind, **rest} if kind != "null":
            return {**rest, "type": [kind, "null"]}
        case {"type": [*kinds], **rest} if "null" not in kinds:
            return {**rest, "type": [*kinds, "null"]}
        case {"$ref": _} | {"allOf": _}:
            described = {key: value for key, value in schema.items() if key in ("description", "default")}
            return {**described, "anyOf": [{key: schema[key] for key in schema.keys() - described.keys()}, _NULL]}
    return schema


class _WithDefaults(GenerateJsonSchema):
    """Defaults as people would write them: `5m`, `25%`."""

    ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012 (pydantic declares it so)

    def model_schema(self, schema: Any) -> Schema:
        made = super().model_schema(schema)
        model = cast(type[BaseModel], schema["cls"])
        defaults = model.model_construct().model_dump(mode="json", by_alias=True, warnings=False)
        for name, described in made.get("properties", {}).items():
            described.pop("default", None)
            if defaults.get(name) is not None:
                described["default"] = defaults[name]
        return made


def _parts(model: type[BaseModel]) -> tuple[Schema, dict[str, Schema]]:
    """A model, and the definitions it refers to."""
    made = values_schema(model)
    definitions = {name: _converted(one) for name, one in made.pop("$defs", {}).items()}
    return _converted(made), definitions


def _converted(schema: Schema) -> Schema:
    """A schema as pydantic writes it (2020-12, of values) as draft-07, of what stands in a file."""
    kept = {key: schema[key] for key in _KEPT if key in schema}
    if schema.get("default") not in (None, "", [], {}) and not isinstance(schema["default"], dict):
        kept["default"] = schema["default"]
    match schema:
        case {"$ref": str()}:
            return {**kept, "allOf": [{REFERENCE: f"#/definitions/{definition(schema)}"}]}
        case {"anyOf": [*alternatives]}:
            return {**kept, "anyOf": _distinct([_converted(one) for one in alternatives])}
        case {"const": str() as value}:
            return kept | choice([value])
        case {"enum": [*values]}:
            return kept | choice([str(value) for value in values])
        case {"type": "object"}:
            return kept | _object(schema)
        case {"type": "array"}:
            return kept | _array(schema)
        case {"type": "integer" | "number"}:
            bounds = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
            return kept | number(**{key: schema[key] for key in bounds if key in schema})
        case {"type": "boolean"}:
            return kept | flag()
        case {"type": "string", "pattern": str() as pattern}:
            return kept | patterned(pattern)
        case {"type": "string"} | {"type": ["string", *_]}:
            return kept | text()
    return kept | {key: schema[key] for key in ("type",) if key in schema}


def _object(schema: Schema) -> Schema:
    made: Schema = {"type": "object"}
    if "properties" in schema:
        made["properties"] = {name: nullable(_converted(one)) for name, one in schema["properties"].items()}
    others = schema.get("additionalProperties", True)
    made["additionalProperties"] = nullable(_converted(others)) if isinstance(others, dict) else others
    return made


def _array(schema: Schema) -> Schema:
    if "prefixItems" in schema:
        return {"type": "array", "items": [_converted(one) for one in schema["prefixItems"]], "additionalItems": False}
    return {"type": "array", "items": nullable(_converted(schema.get("items", {})))}


def _distinct(schemas: list[Schema]) -> list[Schema]:
    return [one for position, one in enumerate(schemas) if one not in schemas[:position]]
