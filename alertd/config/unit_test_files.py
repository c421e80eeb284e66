"""Reads files of unit tests of rules, every problem with its place."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from alertd.config.model_problems import model_problems
from alertd.config.rule_files import unreadable
from alertd.replay.test_file import UnitTestFile, UnitTests
from alertd.yamlio import ConfigError, Documents, is_null, texts


def read_unit_test_file(path: Path) -> UnitTestFile:
    """The file at `path`; only its first YAML document is read.

    raises   ConfigError with every problem found
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([unreadable(str(path), error)]) from None
    documents = Documents(text, file=str(path))
    root = documents.read()
    if documents.problems:
        raise ConfigError(documents.problems)
    if root is None or is_null(root):
        return UnitTestFile(path, UnitTests.model_validate({}))
    try:
        return UnitTestFile(path, UnitTests.model_validate(texts(root)), root)
    except ValidationError as error:
        raise ConfigError(model_problems(error, model=UnitTests, node=root)) from None
