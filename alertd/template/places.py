"""Where in a template something happens, for error texts."""

from __future__ import annotations

from typing import NoReturn, Protocol

from alertd.template import nodes as n
from alertd.template.errors import ExecError, LimitError


class Fail(Protocol):
    """Raises an ExecError that says where."""

    def __call__(self, message: str, *, cause: Exception | None = None) -> NoReturn: ...


class Place:
    """A node of a tree."""

    __slots__ = ("node", "tree")

    def __init__(self, tree: n.Tree, node: n.Node) -> None:
        self.tree = tree
        self.node = node

    def fail(self, message: str, *, cause: Exception | None = None) -> NoReturn:
        """Raises the ExecError `template: NAME:LINE:COLUMN: executing "NAME" at <NODE>: MESSAGE`."""
        raise self._error(ExecError, message) from cause

    def stop(self, message: str) -> NoReturn:
        """Raises the LimitError of the same form."""
        raise self._error(LimitError, message)

    def _error(self, kind: type[ExecError], message: str) -> ExecError:
        tree = self.tree
        line, column = tree.place(self.node.pos)
        where = f'template: {tree.source}:{line}:{column}: executing "{tree.name}" at <{self.node}>: '
        return kind(where + message, template=tree.name, line=line, message=message)
