"""Visits every node of a tree."""

from __future__ import annotations

from collections.abc import Iterator

from alertd.template import nodes as n


def walk(node: n.Node) -> Iterator[n.Node]:
    """The node and everything below it, in the order of the text."""
    yield node
    for child in _children(node):
        yield from walk(child)


def _children(node: n.Node) -> Iterator[n.Node]:
    match node:
        case n.Body():
            yield from node.nodes
        case n.Action():
            yield node.pipe
        case n.Call():
            if node.pipe is not None:
                yield node.pipe
        case n.Branch():
            yield node.pipe
            yield node.body
            if node.otherwise is not None:
                yield node.otherwise
        case n.Pipe():
            yield from node.declares
            yield from node.commands
        case n.Command():
            yield from node.args
        case n.Chain():
            yield node.base
