"""A small file that is one settings model: no references, no other files with settings."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from alertd.config.model_problems import model_problems
from alertd.config.rule_files import unreadable
from alertd.yamlio import ConfigError, Documents, Table, is_null, texts

Model = TypeVar("Model", bound=BaseModel)


def load_settings(path: Path, model: type[Model]) -> tuple[Model, Table]:
    """The settings, and the values of the file with their places; raises ConfigError. An empty file is all defaults."""
    root = _read(path)
    given = {key: value for key, value in texts(root).items() if value is not None}
    try:
        return model.model_validate(given, context={"base": path.parent}), root
    except ValidationError as error:
        raise ConfigError(model_problems(error, model=model, node=root)) from None


def _read(path: Path) -> Table:
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([unreadable(str(path), error)]) from None
    documents = Documents(text, file=str(path))
    root = documents.read()
    if documents.problems:
        raise ConfigError(documents.problems)
    if root is None or is_null(root):
        return Table(source=documents.source, path="", line=1, column=1, entries={})
    if not isinstance(root, Table):
        raise ConfigError([root.problem("must be a mapping")])
    return root
