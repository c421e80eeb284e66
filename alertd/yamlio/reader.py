"""Reads YAML text into nodes that know their places: one document after the other, each parsed when it is asked for.

The scanner and parser are libyaml's (through PyYAML); nodes are put together here, because PyYAML's own composer forgets
keys given twice, follows aliases without limit and recurses without limit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml
from yaml._yaml import CParser

from alertd.yamlio.core import resolve
from alertd.yamlio.node import Entry, Items, Node, Scalar, Source, Table, Tag
from alertd.yamlio.problem import Problem

MAX_DEPTH = 100
MAX_VALUES = 500_000  # aliases of aliases can make a short text endless
_CORE = "tag:yaml.org,2002:"
_TAGS = {_CORE + tag.value: tag for tag in Tag}
_FITTING = {tag: {tag} for tag in Tag} | {Tag.FLOAT: {Tag.FLOAT, Tag.INT}}
_COLLECTIONS = {_CORE + "map", _CORE + "seq"}
_PLAIN_KEY = re.compile(r"[\w-]+")


class _UnreadableError(Exception):
    """The text cannot be read any further."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class Documents:
    """The documents of one text; `problems` grows while they are read.

    A key given twice is a problem and the document is still read to its end; after a fault of syntax nothing more is.
    """

    def __init__(self, text: str, *, file: str) -> None:
        self.source = Source(file, text)
        self.problems: list[Problem] = []
        self._parser = CParser(text)
        self._broken = False

    def read(self) -> Node | None:
        """The next document; None at the end, and where the syntax is at fault."""
        try:
            if self._broken or not self._at_document():
                return None
            self._parser.get_event()
            document = _Composer(self._parser, self.source, self.problems).node("", depth=0)
            self._parser.get_event()
        except (yaml.YAMLError, _UnreadableError) as error:
            self._broken = True
            self.problems.append(
                error.problem if isinstance(error, _UnreadableError) else _syntax_problem(error, self.source)
            )
            return None
        return document

    def more_at(self) -> tuple[int, int] | None:
        """Line and column where another document begins; it is not parsed for that. None at the end."""
        try:
            if self._broken or not self._at_document():
                return None
            mark: Any = self._parser.peek_event().start_mark  # type: ignore[union-attr]
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
        return (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)

    def __iter__(self) -> Iterator[Node]:
        while (document := self.read()) is not None:
            yield document

    def _at_document(self) -> bool:
        if self._parser.check_event(yaml.StreamStartEvent):
            self._parser.get_event()
        return bool(self._parser.check_event(yaml.DocumentStartEvent))


def child_path(path: str, key: str) -> str:
    """The path of `key` under `path`: `route.receiver`, `labels["a.b"]`."""
    if not _PLAIN_KEY.fullmatch(key):
        return f'{path}["{key}"]'
    return f"{path}.{key}" if path else key


class _Composer:
    """Puts one document together from the parser's events."""

    def __init__(self, parser: CParser, source: Source, problems: list[Problem]) -> None:
        self._parser = parser
        self._source = source
        self._problems = problems
        self._anchors: dict[str, Node] = {}
        self._values = 0

    def node(self, path: str, *, depth: int) -> Node:
        event: Any = self._parser.get_event()
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        if depth > MAX_DEPTH:
            raise self._fault(f"nested deeper than {MAX_DEPTH} levels", "", line, column)
        self._count(path, line, column)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(str(event.anchor), path, line, column)
        built = self._built(event, path, line, column, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = built
        return built

    def _built(self, event: Any, path: str, line: int, column: int, depth: int) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path, line, column)
        if event.tag is not None and event.tag not in _COLLECTIONS:
            self._refuse_tag(event.tag, path, line, column)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._items(path, line, column, depth)
        return self._table(path, line, column, depth)

    def _scalar(self, event: Any, path: str, line: int, column: int) -> Scalar:
        tag = Tag.STR
        if event.tag is not None:
            if event.tag not in _TAGS:
                self._refuse_tag(event.tag, path, line, column)
            tag = _TAGS.get(event.tag, Tag.STR)
            if tag is not Tag.STR and resolve(event.value) not in _FITTING[tag]:
                self._problems.append(
                    self._fault(f'"{event.value}" is no !!{tag.value}', path, line, column, "remove the tag").problem
                )
                tag = Tag.STR
        elif event.implicit[0]:
            tag = resolve(event.value)
        return Scalar(
            source=self._source,
            path=path,
            line=line,
            column=column,
            text=event.value,
            tag=tag,
            style=event.style or "",
        )

    def _items(self, path: str, line: int, column: int, depth: int) -> Items:
        items: list[Node] = []
        while not self._parser.check_event(yaml.SequenceEndEvent):
            items.append(self.node(f"{path}[{len(items)}]", depth=depth + 1))
        self._parser.get_event()
        return Items(source=self._source, path=path, line=line, column=column, items=tuple(items))

    def _table(self, path: str, line: int, column: int, depth: int) -> Table:
        entries: dict[str, Entry] = {}
        merged: list[Table] = []
        while not self._parser.check_event(yaml.MappingEndEvent):
            key = self._key(path, depth)
            value = self.node(key.path, depth=depth + 1)
            if key.text in entries:
                self._problems.append(
                    key.problem(
                        f'key "{key.text}" is given twice, first at line {entries[key.text].key.line}',
                        fix="keep one of them",
                    )
                )
            elif key.text == "<<" and not key.style:
                merged += self._merge_sources(key, value)
            else:
                entries[key.text] = Entry(key, value)
        self._parser.get_event()
        for table in merged:
            for name, entry in table.entries.items():
                if name not in entries:
                    target = child_path(path, name)
                    entries[name] = Entry(_renamed(entry.key, target), self._copy(entry.value, target))
        return Table(source=self._source, path=path, line=line, column=column, entries=entries)

    def _key(self, path: str, depth: int) -> Scalar:
        event: Any = self._parser.peek_event()
        if isinstance(event, yaml.ScalarEvent):
            path = child_path(path, event.value)
        key = self.node(path, depth=depth + 1)
        if not isinstance(key, Scalar):
            raise _UnreadableError(
                key.problem("a key must be a single text, not a list or a mapping", fix=_syntax_fix(key.line_text))
            )
        return key if isinstance(event, yaml.ScalarEvent) else _renamed(key, child_path(path, key.text))

    def _merge_sources(self, key: Scalar, value: Node) -> list[Table]:
        """The mappings a `<<` brings in; the first one given wins."""
        tables = value.items if isinstance(value, Items) else (value,)
        found = [table for table in tables if isinstance(table, Table)]
        if len(found) < len(tables):
            self._problems.append(
                key.problem("<< merges mappings only", fix="refer to a mapping, such as <<: *defaults")
            )
        return found

    def _alias(self, anchor: str, path: str, line: int, column: int) -> Node:
        if anchor not in self._anchors:
            raise self._fault(f"alias *{anchor} refers to no value that ends before it", path, line, column)
        return self._copy(self._anchors[anchor], path)

    def _copy(self, node: Node, path: str) -> Node:
        """The same value under another path; its place stays where it is written."""
        self._count(path, node.line, node.column)
        match node:
            case Scalar():
                return _renamed(node, path)
            case Items():
                items = tuple(self._copy(item, f"{path}[{n}]") for n, item in enumerate(node.items))
                return Items(source=node.source, path=path, line=node.line, column=node.column, items=items)
            case Table():
                entries = {
                    name: Entry(
                        _renamed(entry.key, child_path(path, name)), self._copy(entry.value, child_path(path, name))
                    )
                    for name, entry in node.entries.items()
                }
                return Table(source=node.source, path=path, line=node.line, column=node.column, entries=entries)
        raise TypeError(f"no YAML value: {node!r}")

    def _count(self, path: str, line: int, column: int) -> None:
        self._values += 1
        if self._values > MAX_VALUES:
            raise self._fault(f"more than {MAX_VALUES:,} values, aliases included", path, line, column)

    def _refuse_tag(self, tag: str, path: str, line: int, column: int) -> None:
        fault = self._fault(f"tag {tag.replace(_CORE, '!!')} is not supported", path, line, column, fix="remove it")
        self._problems.append(fault.problem)

    def _fault(self, message: str, path: str, line: int, column: int, fix: str = "") -> _UnreadableError:
        return _UnreadableError(
            Problem(file=self._source.name, line=line, column=column, path=path, message=message, fix=fix)
        )


def _renamed(scalar: Scalar, path: str) -> Scalar:
    return Scalar(
        source=scalar.source,
        path=path,
        line=scalar.line,
        column=scalar.column,
        text=scalar.text,
        tag=scalar.tag,
        style=scalar.style,
    )


def _syntax_problem(error: yaml.YAMLError, source: Source) -> Problem:
    """libyaml's complaint with its place, and a remedy for the usual slips."""
    if isinstance(error, yaml.reader.ReaderError):
        before = source.text[: error.position]
        line, column = before.count("\n") + 1, error.position - before.rfind("\n")
        character = error.character if isinstance(error.character, int) else ord(error.character[:1])
        return Problem(
            file=source.name, line=line, column=column, message=f"character U+{character:04X}: {error.reason}",
            fix="remove it",
        )  # fmt: skip
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    context = getattr(error, "context", None)
    began = getattr(error, "context_mark", None)
    message = f"not YAML: {getattr(error, 'problem', None) or error}"
    if context:
        message += f" {context}"
        if began is not None and began.line + 1 != line:
            message += f" that begins at line {began.line + 1}"
    return Problem(file=source.name, line=line, column=column, message=message, fix=_syntax_fix(source.line(line)))


_SLIPS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"^ *\t"), "indent with spaces, not tabs"),
    (re.compile(r":\s+\{\{"), "put a text that begins with {{ in quotes"),
    (re.compile(r":\s+[@`%]"), "put a text that begins with @, ` or % in quotes"),
    (re.compile(r":\s+[^'\"\s#|>].*: "), 'put a text that holds ": " in quotes'),
)


def _syntax_fix(line: str) -> str:
    return next((fix for pattern, fix in _SLIPS if pattern.search(line)), "check indentation and quotes")
