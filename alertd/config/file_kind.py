"""What a file is, by its content: a configuration, rules, unit tests of rules, a web configuration, or prices."""

from __future__ import annotations

import re
from enum import Enum, auto

from alertd.api.web_settings import WebFile
from alertd.config.keys import TOP_LEVEL_KEYS
from alertd.ledger.prices import PriceSettings
from alertd.yamlio import Documents, Table

_TOP_LEVEL_KEY = re.compile(r"^[\"']?(\w+)[\"']?\s*:", re.MULTILINE)


class FileKind(Enum):
    CONFIGURATION = auto()
    RULES = auto()
    TESTS = auto()
    WEB = auto()
    PRICES = auto()


def file_kind(text: str) -> FileKind:
    """A file whose keys say nothing is taken for rules, which then say what they miss."""
    keys = _top_level_keys(text)
    if "tests" in keys:
        return FileKind.TESTS
    if keys & set(WebFile.model_fields):
        return FileKind.WEB
    if keys and keys <= set(PriceSettings.model_fields):
        return FileKind.PRICES
    if keys & TOP_LEVEL_KEYS and "groups" not in keys:
        return FileKind.CONFIGURATION
    return FileKind.RULES


def _top_level_keys(text: str) -> set[str]:
    """The keys of the first mapping, read without parsing a long file twice."""
    if not text.lstrip().startswith("{"):
        return set(_TOP_LEVEL_KEY.findall(text))
    root = Documents(text, file="").read()
    return set(root.entries) if isinstance(root, Table) else set()
