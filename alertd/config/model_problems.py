"""What pydantic says about settings, as problems with places and remedies. The value itself is never repeated: it may be a secret."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from alertd.duration import DurationError
from alertd.labels.matcher_parse import MatcherError
from alertd.yamlio import Items, Node, Problem, Table, child_path, is_null, locate, suggestion

DURATION_FIX = "write a number and a unit, large units first, such as 30s, 5m or 1h30m"
Remedies = Mapping[str, tuple[str, str]]
"""Message and fix by the path without indices: for a key nobody reads, such as `receivers.wechat_configs`, and for one that
must be given, such as `receivers.name`."""

_FIXES: Mapping[type[ValueError], str] = {
    DurationError: DURATION_FIX,
    MatcherError: 'write name="value", or != for not, =~ and !~ for regular expressions',
}
"""What to do, by who refused the value."""

_Loc: TypeAlias = tuple[int | str, ...]
_INDEX = re.compile(r"\[\d+\]")
_EMPTY = "string_too_short"
_WORDS = {
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_type": "must be a text",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "mapping_type": "must be a mapping",
    "path_type": "must be a path",
}


def model_problems(
    error: ValidationError, *, model: type[BaseModel], node: Node, remedies: Remedies = MappingProxyType({})
) -> Iterator[Problem]:
    """One problem per error; `node` is what was validated as `model`."""
    for detail in error.errors(include_url=False, include_input=False):
        loc = detail["loc"]
        at, used = locate(node, loc)
        if detail["type"] == "extra_forbidden":
            yield _unknown_key(node, loc, model, remedies)
        elif _keys_of(loc) in remedies and (used < len(loc) or detail["type"] == _EMPTY):
            message, fix = remedies[_keys_of(loc)]
            yield at.problem(message, fix=fix, path=_under(at, loc[used:]))
        elif detail["type"] == "missing":
            yield at.problem("must be given", path=_under(at, loc[used:]))
        else:
            path = _under(at, loc[used:]) if used < len(loc) else None
            yield at.problem(_message(detail), fix=_fix(detail), path=path)


def null_strangers(
    node: Node, *, model: type[BaseModel], remedies: Remedies = MappingProxyType({})
) -> Iterator[Problem]:
    """One problem per key that `model` does not know and that has no value: null means absent, so nobody validates it."""
    for loc in _null_strangers(node, {model}, ()):
        if _keys_of(loc) not in remedies:  # such as an empty wechat_configs: nobody is told by it anyway
            yield _unknown_key(node, loc, model, remedies)


def _null_strangers(node: Node, models: set[type[BaseModel]], loc: _Loc) -> Iterator[_Loc]:
    """Where they are in the value at `loc`, which is one of `models`, or several of them."""
    if isinstance(node, Items):
        for number, item in enumerate(node.items):
            yield from _null_strangers(item, models, (*loc, number))
    for key, entry in node.entries.items() if isinstance(node, Table) else ():
        at = (*loc, key)
        annotations = [annotation for model in models if (annotation := _field(model, key)) is not None]
        if not annotations and is_null(entry.value):
            yield at
        elif not any(map(_has_free_keys, annotations)):
            inner = {part for annotation in annotations for part in _models_in(annotation)}
            yield from _null_strangers(entry.value, inner, at) if inner else ()


def _has_free_keys(annotation: Any) -> bool:
    """Whether there is a mapping in an annotation, whose keys can be any text."""
    return get_origin(annotation) in (dict, Mapping) or any(map(_has_free_keys, get_args(annotation)))


def _unknown_key(node: Node, loc: _Loc, model: type[BaseModel], remedies: Remedies) -> Problem:
    parent, _ = locate(node, loc[:-1])
    name = str(loc[-1])
    entry = parent.entries.get(name) if isinstance(parent, Table) else None
    at: Node = entry.key if entry is not None else parent
    section = _INDEX.sub("", parent.path).rpartition(".")[2] or model.__name__
    unknown = f"field {name} not found in type {section}", suggestion(name, _keys_at(model, loc[:-1]))
    message, fix = remedies.get(_keys_of(loc), unknown)
    return at.problem(message, fix=fix)


def _keys_of(loc: _Loc) -> str:
    """The way to a value without indices, as remedies name it."""
    return ".".join(step for step in loc if isinstance(step, str))


def _under(node: Node, steps: _Loc) -> str:
    """The path of something that is not in the file."""
    path = node.path
    for step in steps:
        if isinstance(step, str) and step.isidentifier():
            path = child_path(path, step)
    return path


def _message(detail: ErrorDetails) -> str:
    """In our words where pydantic's are about Python."""
    if detail["type"] in _WORDS:
        return _WORDS[detail["type"]]
    raised = detail.get("ctx", {}).get("error")
    if isinstance(raised, Exception):
        return str(raised)
    return detail["msg"].replace("Input should be", "must be").replace("Value should", "must")


def _fix(detail: ErrorDetails) -> str:
    error = detail.get("ctx", {}).get("error")
    return next((fix for kind, fix in _FIXES.items() if isinstance(error, kind)), "")


def _keys_at(model: type[BaseModel], loc: _Loc) -> list[str]:
    """The keys of the model that `loc` leads to from `model`."""
    models = {model}
    for step in loc:
        fields = [_field(found, step) for found in models]
        inner = {part for annotation in fields if annotation is not None for part in _models_in(annotation)}
        models = inner or models
    return sorted(key for found in models for key in _keys(found))


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _field(model: type[BaseModel], step: int | str) -> Any:
    for name, field in model.model_fields.items():
        if step in (name, field.alias):
            return field.annotation
    return None


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models an annotation such as `tuple[Route, ...] | None` speaks of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)
