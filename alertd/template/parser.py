"""Parses a template text into named trees: the text itself and what it defines.

Faults are raised as `ParseError` in Go's words. A function that does not exist is a fault of the text even where it
would never be reached, so the names of the functions are needed here.
"""

from __future__ import annotations

from collections.abc import Collection

from alertd.template import nodes as n
from alertd.template.constants import number_node
from alertd.template.lexer import Token
from alertd.template.quoting import go_quote, unquote_string
from alertd.template.stream import TokenStream
from alertd.template.suggest import instead_of

_OPERANDS = frozenset(
    ["bool", "character", "complex", "dot", "field", "identifier", "number", "nil", "raw", "string", "variable", "("]
)
_NOT_CALLABLE = (n.Bool, n.Dot, n.Nil, n.Number, n.String)


def parse(text: str, *, name: str, functions: Collection[str]) -> dict[str, n.Tree]:
    """The trees of a text by name, the text's own under `name`; ParseError where Go finds one."""
    stream = TokenStream(text, name)
    trees: dict[str, n.Tree] = {}
    _Parser(stream, functions=functions, trees=trees).whole(name)
    return trees


class _End(n.Node):
    """`{{end}}` or `{{else}}`: closes a body, never part of a tree."""

    def __init__(self, pos: int, keyword: str) -> None:
        super().__init__(pos)
        self.keyword = keyword

    def __str__(self) -> str:
        return "{{" + self.keyword + "}}"


class _Parser:
    """Parses one template; a `define` or `block` inside gets a parser of its own on the same stream."""

    def __init__(self, stream: TokenStream, *, functions: Collection[str], trees: dict[str, n.Tree]) -> None:
        self.stream = stream
        self.functions = functions
        self.trees = trees
        self.variables = ["$"]
        self.range_depth = 0

    # -- templates ----------------------------------------------------------------------------------------------

    def whole(self, name: str) -> None:
        stream = self.stream
        body = n.Body(0)
        while (token := stream.peek()).kind != "eof":
            if token.kind == "left":
                mark = stream.index
                stream.next()
                if stream.next_word().kind == "define":
                    self._sub_parser().definition()
                    continue
                stream.index = mark
            node = self._text_or_action()
            if isinstance(node, _End):
                stream.fail(f"unexpected {node}")
            body.nodes.append(node)
        self._add(name, body)

    def _sub_parser(self) -> _Parser:
        return _Parser(self.stream, functions=self.functions, trees=self.trees)

    def definition(self) -> None:
        name = self._name("define clause")
        self.stream.expect("right", context="define clause")
        body, end = self._body()
        if end.keyword != "end":
            self.stream.fail(f"unexpected {end} in define clause")
        self._add(name, body)

    def _add(self, name: str, body: n.Body) -> None:
        """Within one text a name may be defined once; an empty body neither counts nor replaces."""
        tree = n.Tree(name, self.stream.name, self.stream.text, body)
        known = self.trees.get(name)
        if known is None or known.is_empty:
            self.trees[name] = tree
        elif not tree.is_empty:
            self.stream.fail(f"template: multiple definition of template {go_quote(name)}")

    def _name(self, context: str) -> str:
        token = self.stream.next_word()
        if token.kind not in ("string", "raw"):
            self.stream.unexpected(token, context)
        return self._unquoted(token)

    def _unquoted(self, token: Token) -> str:
        try:
            return unquote_string(token.text)
        except ValueError as fault:
            self.stream.fail(str(fault))

    # -- statements ---------------------------------------------------------------------------------------------

    def _body(self) -> tuple[n.Body, _End]:
        stream = self.stream
        body = n.Body(stream.peek_word().pos)
        while stream.peek_word().kind != "eof":
            node = self._text_or_action()
            if isinstance(node, _End):
                return body, node
            body.nodes.append(node)
        stream.next()
        return stream.fail("unexpected EOF")

    def _text_or_action(self) -> n.Statement | _End:
        stream = self.stream
        token = stream.next_word()
        if token.kind == "text":
            return n.Text(token.pos, token.text)
        if token.kind != "left":
            stream.unexpected(token, "input")
        stream.action_line = token.line
        stream.enter()
        node = self._action()
        stream.leave()
        stream.action_line = 0
        return node

    def _action(self) -> n.Statement | _End:
        stream = self.stream
        token = stream.next_word()
        match token.kind:
            case "if" | "range" | "with":
                return self._control(token.kind, token.pos)
            case "template":
                return self._template()
            case "block":
                return self._block()
            case "end":
                end = stream.expect("right", context="end")
                return _End(end.pos, "end")
            case "else":
                return self._else()
            case "break" | "continue":
                return self._jump(token)
        stream.index -= 1
        return n.Action(token.pos, self._pipeline("command", "right"))

    def _jump(self, token: Token) -> n.Jump:
        stream = self.stream
        shown = "{{" + token.kind + "}}"
        following = stream.next_word()
        if following.kind != "right":
            stream.unexpected(following, shown)
        if not self.range_depth:
            stream.fail(f"{shown} outside {{{{range}}}}")
        return n.Jump(token.pos, token.kind)

    def _else(self) -> _End:
        stream = self.stream
        token = stream.peek_word()
        if token.kind in ("if", "with"):
            return _End(token.pos, "else")
        closing = stream.expect("right", context="else")
        return _End(closing.pos, "else")

    def _control(self, keyword: str, pos: int) -> n.Branch:
        known = len(self.variables)
        pipe = self._pipeline(keyword, "right")
        self.range_depth += keyword == "range"
        body, end = self._body()
        self.range_depth -= keyword == "range"
        branch = n.Branch(pos, keyword, pipe, body)
        if end.keyword == "else":
            branch.otherwise = self._otherwise(keyword)
        del self.variables[known:]
        return branch

    def _otherwise(self, keyword: str) -> n.Body:
        """The part after `{{else}}`; `{{else if}}` is a nested if that shares the one `{{end}}`."""
        stream = self.stream
        token = stream.peek()
        if token.kind == keyword and keyword in ("if", "with"):
            stream.next()
            stream.enter(1)
            nested = self._control(keyword, token.pos)
            stream.leave(1)
            return n.Body(token.pos, [nested])
        body, end = self._body()
        if end.keyword != "end":
            stream.fail(f"expected end; found {end}")
        return body

    def _template(self) -> n.Call:
        stream = self.stream
        stream.skip_space()
        pos = stream.peek().pos
        name = self._name("template clause")
        if stream.next_word().kind == "right":
            return n.Call(pos, name, None)
        stream.index -= 1
        return n.Call(pos, name, self._pipeline("template clause", "right"))

    def _block(self) -> n.Call:
        self.stream.skip_space()
        pos = self.stream.peek().pos
        name = self._name("block clause")
        pipe = self._pipeline("block clause", "right")
        inner = self._sub_parser()
        body, end = inner._body()
        if end.keyword != "end":
            self.stream.fail(f"unexpected {end} in block clause")
        self._add(name, body)
        return n.Call(pos, name, pipe)

    # -- pipelines ----------------------------------------------------------------------------------------------

    def _pipeline(self, context: str, end: str) -> n.Pipe:
        stream = self.stream
        pipe = n.Pipe(stream.peek_word().pos, [], False, [])
        while self._declaration(pipe, context):
            pass
        while (token := stream.next_word()).kind != end:
            if token.kind not in _OPERANDS:
                stream.unexpected(token, context)
            stream.index -= 1
            pipe.commands.append(self._command())
        self._check_pipeline(pipe, context)
        return pipe

    def _declaration(self, pipe: n.Pipe, context: str) -> bool:
        """Reads `$x :=`, `$x =` or `$x,` if the pipeline starts so; True when another variable must follow."""
        stream = self.stream
        mark = stream.index
        if stream.peek_word().kind != "variable":
            stream.index = mark
            return False
        mark = stream.index
        token = stream.next()
        following = stream.next_word()
        if following.kind in ("assign", "declare"):
            pipe.assigns = following.kind == "assign"
            self._declare(pipe, token)
            return False
        if following.kind == "char" and following.text == ",":
            self._declare(pipe, token)
            if context == "range" and len(pipe.declares) < 2:
                if stream.peek_word().kind in ("variable", "right", ")"):
                    return True
                stream.fail("range can only initialize variables")
            stream.fail(f"too many declarations in {context}")
        stream.index = mark
        return False

    def _declare(self, pipe: n.Pipe, token: Token) -> None:
        pipe.declares.append(_variable(token))
        self.variables.append(token.text)

    def _check_pipeline(self, pipe: n.Pipe, context: str) -> None:
        if not pipe.commands:
            self.stream.fail(f"missing value for {context}")
        for stage, command in enumerate(pipe.commands[1:], start=2):
            if isinstance(command.args[0], _NOT_CALLABLE):
                self.stream.fail(f"non executable command in pipeline stage {stage}")

    def _command(self) -> n.Command:
        stream = self.stream
        command = n.Command(stream.peek_word().pos, [])
        while True:
            stream.skip_space()
            operand = self._operand()
            if operand is not None:
                command.args.append(operand)
            token = stream.next()
            if token.kind == "space":
                continue
            if token.kind in ("right", ")"):
                stream.index -= 1
            elif token.kind != "pipe":
                stream.unexpected(token, "operand")
            break
        if not command.args:
            stream.fail("empty command")
        return command

    def _operand(self) -> n.Expression | None:
        stream = self.stream
        term = self._term()
        if term is None or stream.peek().kind != "field":
            return term
        pos = stream.peek().pos
        names: list[str] = []
        while stream.peek().kind == "field":
            names.append(stream.next().text[1:])
        if isinstance(term, n.Field):
            return n.Field(pos, term.names + tuple(names))
        if isinstance(term, n.Variable):
            return n.Variable(pos, term.name, tuple(names))
        if isinstance(term, _NOT_CALLABLE):
            stream.fail(f"unexpected . after term {go_quote(str(term))}")
        return n.Chain(pos, term, tuple(names))

    def _term(self) -> n.Expression | None:
        stream = self.stream
        token = stream.next_word()
        match token.kind:
            case "identifier":
                if token.text not in self.functions:
                    stream.fail(
                        f"function {go_quote(token.text)} not defined", fix=instead_of(token.text, self.functions)
                    )
                return n.Identifier(token.pos, token.text)
            case "dot":
                return n.Dot(token.pos)
            case "nil":
                return n.Nil(token.pos)
            case "bool":
                return n.Bool(token.pos, token.text == "true")
            case "field":
                return n.Field(token.pos, (token.text[1:],))
            case "variable":
                return self._use_variable(token)
            case "number" | "complex" | "character":
                return self._number(token)
            case "string" | "raw":
                return n.String(token.pos, token.text, self._unquoted(token))
            case "(":
                return self._parenthesis()
        stream.index -= 1
        return None

    def _parenthesis(self) -> n.Pipe:
        self.stream.enter()
        pipe = self._pipeline("parenthesized pipeline", ")")
        self.stream.leave()
        return pipe

    def _use_variable(self, token: Token) -> n.Variable:
        variable = _variable(token)
        if variable.name not in self.variables:
            self.stream.fail(f"undefined variable {go_quote(variable.name)}")
        return variable

    def _number(self, token: Token) -> n.Number:
        try:
            return number_node(token.pos, token.text, kind=token.kind)
        except ValueError as fault:
            self.stream.fail(str(fault))


def _variable(token: Token) -> n.Variable:
    return n.Variable(token.pos, token.text)
