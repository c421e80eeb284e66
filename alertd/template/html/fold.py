"""Replaces calls of templates that hold nothing but text by that text, once a page's trees are final.

The default mail repeats its styles some forty times per alert; kept as calls they would be most of its cost.
"""

from __future__ import annotations

from collections.abc import Mapping

from alertd.template import nodes as n


def fold_constants(trees: Mapping[str, n.Tree]) -> dict[str, n.Tree]:
    """The same templates with constant calls put in place."""
    constants: dict[str, str | None] = {}
    for name in trees:
        _constant(name, trees, constants)
    return {
        name: n.Tree(tree.name, tree.source, tree.text, _folded(tree.body, constants)) for name, tree in trees.items()
    }


def _constant(name: str, trees: Mapping[str, n.Tree], constants: dict[str, str | None]) -> str | None:
    """The text of a template that depends on nothing, or None."""
    if name in constants or name not in trees:
        return constants.get(name)
    constants[name] = None  # a template that calls itself is no constant
    parts: list[str] = []
    for node in trees[name].body.nodes:
        if isinstance(node, n.Text):
            parts.append(node.text)
        elif isinstance(node, n.Call) and node.pipe is None and (text := _constant(node.name, trees, constants)):
            parts.append(text)
        else:
            return None
    constants[name] = "".join(parts)
    return constants[name]


def _folded(body: n.Body, constants: Mapping[str, str | None]) -> n.Body:
    nodes: list[n.Statement] = []
    for node in body.nodes:
        if isinstance(node, n.Call) and node.pipe is None and (text := constants.get(node.name)) is not None:
            node = n.Text(node.pos, text)
        elif isinstance(node, n.Branch):
            otherwise = _folded(node.otherwise, constants) if node.otherwise is not None else None
            node = n.Branch(node.pos, node.keyword, node.pipe, _folded(node.body, constants), otherwise)
        if isinstance(node, n.Text) and nodes and isinstance(nodes[-1], n.Text):
            node = n.Text(nodes[-1].pos, nodes.pop().text + node.text)  # type: ignore[union-attr]
        nodes.append(node)
    return n.Body(body.pos, nodes)
