"""YAML 1.2 with places: every value knows its line and column, and every problem is told at once."""

from alertd.yamlio.core import number, plain, texts
from alertd.yamlio.node import Entry, Items, Node, Scalar, Source, Table, Tag, is_null, locate
from alertd.yamlio.problem import ConfigError, Problem, Severity, in_order
from alertd.yamlio.reader import Documents, child_path
from alertd.yamlio.suggest import did_you_mean, suggestion

__all__ = [
    "ConfigError",
    "Documents",
    "Entry",
    "Items",
    "Node",
    "Problem",
    "Scalar",
    "Severity",
    "Source",
    "Table",
    "Tag",
    "child_path",
    "did_you_mean",
    "in_order",
    "is_null",
    "locate",
    "number",
    "plain",
    "suggestion",
    "texts",
]
