"""Rewrites trees so that every action ends in the escapers that its place in the page asks for.

A template called in several contexts is kept once per context, under a name of its own. What cannot be made safe (an
action where two readings are possible, branches that end in different contexts) is an `ExecError`: it shows when the
page is first rendered, as in Go.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NoReturn

from alertd.template import nodes as n
from alertd.template.errors import ExecError
from alertd.template.html.context import (
    COMMENTS,
    DEAD,
    IN_TEXT,
    SCRIPT_LITERALS,
    At,
    Context,
    Delim,
    Slash,
    UrlPart,
    failed,
    join,
    mangled,
    nudge,
)
from alertd.template.html.filters import PREFIX
from alertd.template.html.transition import after_text
from alertd.template.quoting import go_quote

_PREDEFINED = ("html", "urlquery")
_SAME_AS = {
    "attrescaper": "html",
    "htmlescaper": "html",
    "rcdataescaper": "html",
    "urlescaper": "urlquery",
    "urlnormalizer": "urlquery",
}
_BY_STATE = {
    At.JS: "jsvalescaper",
    At.JS_DOUBLE_QUOTED: "jsstrescaper",
    At.JS_SINGLE_QUOTED: "jsstrescaper",
    At.JS_TEMPLATE: "jstmpllitescaper",
    At.JS_REGEXP: "jsregexpescaper",
    At.CSS: "cssvaluefilter",
    At.TEXT: "htmlescaper",
    At.RCDATA: "rcdataescaper",
    At.ATTR_NAME: "htmlnamefilter",
    At.SRCSET: "srcsetescaper",
    **dict.fromkeys(COMMENTS, "commentescaper"),
}
_URL_STATES = frozenset(
    [
        At.URL,
        At.META_CONTENT_URL,
        At.CSS_DOUBLE_QUOTED,
        At.CSS_SINGLE_QUOTED,
        At.CSS_DOUBLE_QUOTED_URL,
        At.CSS_SINGLE_QUOTED_URL,
        At.CSS_URL,
    ]
)
_CSS_STRINGS = (At.CSS_DOUBLE_QUOTED, At.CSS_SINGLE_QUOTED)
_SCRIPT_TAG = re.compile(r"<(script|/script|!--)", re.IGNORECASE)
_LINE_END = re.compile("[\n\r\u2028\u2029]")
_COMMENT_OPENING = {At.HTML_COMMENT: 4, At.JS_HTML_OPEN_COMMENT: 4, At.JS_HTML_CLOSE_COMMENT: 3}


def escape_trees(trees: Mapping[str, n.Tree], *, root: str) -> dict[str, n.Tree]:
    """The trees that `root` reaches, escaped; raises ExecError with Go's text where that cannot be done."""
    escaper = _Escaper(trees)
    context = escaper.template(root, IN_TEXT, None)[0]
    if context.at is At.ERROR:
        _fail(escaper.place + context.error, root)
    if context.at is not At.TEXT:
        _fail(f"html/template{root and ':' + root}: ends in a non-text context: {context}", root)
    return {**escaper.work.trees, root: escaper.work.trees[root]}


def _fail(text: str, name: str) -> NoReturn:
    raise ExecError(text if text.startswith("html/template") else f"html/template: {text}", template=name)


@dataclass(slots=True)
class _Work:
    """What was found out so far; forked to try an assumption.

    outputs   context in which each template ends, by its name in context
    trees     escaped trees by that name
    called    names that were called
    """

    outputs: dict[str, Context] = field(default_factory=dict)
    trees: dict[str, n.Tree] = field(default_factory=dict)
    called: set[str] = field(default_factory=set)

    def fork(self) -> _Work:
        return _Work(dict(self.outputs), dict(self.trees), set())


@dataclass(slots=True)
class _Loop:
    """Contexts in which `break` and `continue` leave the innermost range."""

    exits: list[Context] = field(default_factory=list)


class _Escaper:
    def __init__(self, trees: Mapping[str, n.Tree]) -> None:
        self.trees = trees
        self.work = _Work()
        self.loops: list[_Loop] = []
        self.tree: n.Tree | None = None
        self.place = ""

    # -- templates ----------------------------------------------------------------------------------------------

    def template(self, name: str, context: Context, node: n.Node | None) -> tuple[Context, str]:
        """The context after a template that is called in this context, and the name it is kept under."""
        key = mangled(name, context)
        self.work.called.add(key)
        if key in self.work.outputs:
            return self.work.outputs[key], key
        tree = self.trees.get(name)
        if tree is None:
            return self._failed(node, f"no such template {go_quote(name)}"), key
        after, accurate = self._try_body(tree, key, context, assumed=context)
        if not accurate and after.at is not At.ERROR:
            # A recursive template: look for a context that reproduces itself.
            after, accurate = self._try_body(tree, key, context, assumed=after)
        if not accurate and after.at is not At.ERROR:
            return self._failed(node, f"cannot compute output context for template {key}"), key
        return after, key

    def _try_body(self, tree: n.Tree, key: str, context: Context, *, assumed: Context) -> tuple[Context, bool]:
        outer_work, outer_tree, outer_loops = self.work, self.tree, self.loops
        self.work, self.tree, self.loops = outer_work.fork(), tree, []
        self.work.outputs[key] = assumed
        body, after = self._body(tree.body, context)
        tried = self.work
        self.work, self.tree, self.loops = outer_work, outer_tree, outer_loops
        accurate = after.at is not At.ERROR and (key not in tried.called or assumed == after)
        if accurate:
            outer_work.outputs.update(tried.outputs)
            outer_work.outputs[key] = after
            outer_work.trees.update(tried.trees)
            outer_work.called |= tried.called
            outer_work.trees[key] = n.Tree(key, tree.source, tree.text, body)
        return after, accurate

    def _failed(self, node: n.Node | None, reason: str) -> Context:
        if not self.place and node is not None and self.tree is not None:
            line, column = self.tree.place(node.pos)
            self.place = f"html/template:{self.tree.source}:{line}:{column}: "
        return failed(reason)

    # -- statements ---------------------------------------------------------------------------------------------

    def _body(self, body: n.Body, context: Context) -> tuple[n.Body, Context]:
        nodes: list[n.Statement] = []
        for node in body.nodes:
            if context.at is At.DEAD:
                nodes.append(node)
                continue
            escaped, context = self._statement(node, context)
            nodes.append(escaped)
        return n.Body(body.pos, nodes), context

    def _statement(self, node: n.Statement, context: Context) -> tuple[n.Statement, Context]:
        if context.at is At.ERROR:
            return node, context
        match node:
            case n.Text():
                text, after = _escape_text(node.text, context)
                if after.at is At.ERROR:
                    self._failed(node, "")
                return n.Text(node.pos, text), after
            case n.Action():
                return self._action(node, context)
            case n.Branch():
                return self._branch(node, context)
            case n.Call():
                after, name = self.template(node.name, context, node)
                return n.Call(node.pos, name, node.pipe), after
            case n.Jump():
                self.loops[-1].exits.append(context)
                return node, DEAD

    def _branch(self, node: n.Branch, context: Context) -> tuple[n.Statement, Context]:
        body, after = self._loop(node, context) if node.keyword == "range" else self._body(node.body, context)
        otherwise, after_otherwise = None, context
        if node.otherwise is not None and after.at is not At.ERROR:
            otherwise, after_otherwise = self._body(node.otherwise, context)
        escaped = n.Branch(node.pos, node.keyword, node.pipe, body, otherwise)
        return escaped, self._join(after, after_otherwise, node)

    def _join(self, one: Context, other: Context, node: n.Branch) -> Context:
        joined = join(one, other, what=node.keyword)
        if joined.at is At.ERROR:
            self._failed(node.pipe, "")
        return joined

    def _loop(self, node: n.Branch, context: Context) -> tuple[n.Body, Context]:
        """A range body, which may run again where it ended."""
        body, after = self._loop_once(node, context)
        if after.at is At.ERROR:
            return body, after
        outer = self.work
        self.work = outer.fork()
        _, again = self._loop_once(node, after)
        self.work = outer
        joined = self._join(after, again, node)
        if joined.at is At.ERROR:
            joined = replace(joined, error=f"on range loop re-entry: {joined.error}")
        return body, joined

    def _loop_once(self, node: n.Branch, context: Context) -> tuple[n.Body, Context]:
        loop = _Loop()
        self.loops.append(loop)
        body, after = self._body(node.body, context)
        self.loops.pop()
        for left in loop.exits:
            if after.at is not At.ERROR:
                after = self._join(after, left, node)
        return body, after

    # -- actions ------------------------------------------------------------------------------------------------

    def _action(self, node: n.Action, context: Context) -> tuple[n.Statement, Context]:
        if node.pipe.declares:
            return node, context
        context = nudge(context)
        fault = _misplaced_escaper(node.pipe, context)
        if fault:
            return node, self._failed(node, f"predefined escaper {go_quote(fault)} disallowed in template")
        if context.at in _URL_STATES and context.url_part is UrlPart.UNKNOWN:
            return node, self._failed(node, f"{node} appears in an ambiguous context within a URL")
        names = _escapers(context)
        pipe = n.Pipe(node.pipe.pos, [], False, list(node.pipe.commands))
        _append_escapers(pipe, names)
        return n.Action(node.pos, pipe), _after_action(context)


def _after_action(context: Context) -> Context:
    if context.at is At.JS:
        return replace(context, slash=Slash.DIVISION)
    if context.at is At.TAG:
        return replace(context, at=At.ATTR_NAME)
    return context


def _misplaced_escaper(pipe: n.Pipe, context: Context) -> str:
    """A call of html or urlquery where it would not come last, or not be enough."""
    for place, command in enumerate(pipe.commands):
        first = command.args[0]
        if isinstance(first, n.Identifier) and first.name in _PREDEFINED:
            unquoted = context.at is At.ATTR and context.delim is Delim.SPACE_OR_TAG_END and first.name == "html"
            if place < len(pipe.commands) - 1 or unquoted:
                return first.name
    return ""


def _escapers(context: Context) -> list[str]:
    """The escapers of a context, innermost first."""
    names: list[str] = []
    if context.at in _URL_STATES:
        names += _url_escapers(context)
    elif context.at in _BY_STATE:
        names.append(_BY_STATE[context.at])
    if context.delim is Delim.SPACE_OR_TAG_END:
        names.append("nospaceescaper")
    elif context.delim is not Delim.NONE:
        names.append("attrescaper")
    return names


def _url_escapers(context: Context) -> list[str]:
    if context.url_part is UrlPart.QUERY_OR_FRAGMENT:
        return ["urlescaper"]
    names = ["urlfilter"] if context.url_part is UrlPart.NONE else []
    names.append("cssescaper" if context.at in _CSS_STRINGS else "urlnormalizer")
    return names


def _append_escapers(pipe: n.Pipe, names: list[str]) -> None:
    """Adds the escapers; an equivalent `html` or `urlquery` at the end takes the place of its counterpart."""
    if not names:
        return
    full = [PREFIX + name for name in names]
    last = pipe.commands[-1]
    first = last.args[0]
    if isinstance(first, n.Identifier) and first.name in _PREDEFINED:
        if len(pipe.commands) == 1 and len(last.args) > 1:
            pipe.commands = [
                n.Command(last.pos, [n.Identifier(first.pos, "_eval_args_"), *last.args[1:]]),
                n.Command(last.pos, [n.Identifier(first.pos, first.name)]),
            ]
        same = [_SAME_AS.get(name) == first.name for name in names]
        if any(same):
            full = [first.name if is_same else name for name, is_same in zip(full, same, strict=True)]
            pipe.commands = pipe.commands[:-1]
    for name in full:
        pipe.commands.append(n.Command(pipe.pos, [n.Identifier(pipe.pos, name)]))


# -- text -------------------------------------------------------------------------------------------------------------


def _escape_text(text: str, context: Context) -> tuple[str, Context]:
    """The text without comments and with stray `<` escaped, and the context after it."""
    parts: list[str] = []
    start = 0
    while start < len(text):
        after, length = after_text(context, text[start:])
        piece = text[start : start + length]
        parts.append(_escape_piece(piece, context, after))
        context, start = after, start + length
        if context.at is At.ERROR:
            break
    return "".join(parts), context


def _escape_piece(piece: str, context: Context, after: Context) -> str:
    if context.at in COMMENTS and context.delim is Delim.NONE:
        return _comment_left(piece, context)
    kept = piece
    if after.at is not context.at and after.at in COMMENTS and after.delim is Delim.NONE:
        kept = piece[: len(piece) - _COMMENT_OPENING.get(after.at, 2)]
    if context.at in (At.TEXT, At.RCDATA):
        return _escape_less_than(kept, changes=after.at is not context.at and kept is piece)
    if context.at in SCRIPT_LITERALS:
        return _SCRIPT_TAG.sub(r"\\x3C\1", kept)
    return kept


def _comment_left(piece: str, context: Context) -> str:
    """What stays of a comment: a block comment still separates words or lines."""
    if context.at is At.JS_BLOCK_COMMENT:
        return "\n" if _LINE_END.search(piece) else " "
    return " " if context.at is At.CSS_BLOCK_COMMENT else ""


def _escape_less_than(piece: str, *, changes: bool) -> str:
    end = piece.rfind("<") if changes else -1
    head, tail = (piece[:end], piece[end:]) if end >= 0 else (piece, "")
    return re.sub("<(?!!DOCTYPE)", "&lt;", head, flags=re.IGNORECASE) + tail
