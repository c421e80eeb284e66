"""The tree of a parsed template. `str()` of a node gives its source in Go's normal form, as error texts quote it."""

from __future__ import annotations

from dataclasses import dataclass, field

from alertd.template.quoting import go_quote


@dataclass(slots=True)
class Node:
    """Anything in the tree; `pos` is where it starts, in characters of the whole text."""

    pos: int


@dataclass(slots=True)
class Dot(Node):
    """The cursor `.`."""

    def __str__(self) -> str:
        return "."


@dataclass(slots=True)
class Nil(Node):
    """The constant nil."""

    def __str__(self) -> str:
        return "nil"


@dataclass(slots=True)
class Bool(Node):
    """true or false."""

    value: bool

    def __str__(self) -> str:
        return "true" if self.value else "false"


@dataclass(slots=True)
class Number(Node):
    """A numeric constant.

    text      as written
    value     what it is where no type is asked for: int, float or complex; None when it overflows Go's int
    integer   its value where an integer is wanted, or None
    real      its value where a float is wanted, or None
    """

    text: str
    value: int | float | complex | None
    integer: int | None
    real: float | None

    def __str__(self) -> str:
        return self.text


@dataclass(slots=True)
class String(Node):
    """A quoted or raw string constant."""

    quoted: str
    value: str

    def __str__(self) -> str:
        return self.quoted


@dataclass(slots=True)
class Field(Node):
    """`.A.B` on dot."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return "".join("." + name for name in self.names)


@dataclass(slots=True)
class Variable(Node):
    """`$x` or `$x.A.B`; `name` keeps the dollar sign."""

    name: str
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ".".join((self.name, *self.names))


@dataclass(slots=True)
class Identifier(Node):
    """The name of a function."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(slots=True)
class Chain(Node):
    """Fields of something that is neither dot nor a variable: `(pipeline).A.B`."""

    base: Expression
    names: tuple[str, ...]

    def __str__(self) -> str:
        base = f"({self.base})" if isinstance(self.base, Pipe) else str(self.base)
        return base + "".join("." + name for name in self.names)


@dataclass(slots=True)
class Command(Node):
    """A first word and its arguments."""

    args: list[Expression]

    def __str__(self) -> str:
        return " ".join(f"({arg})" if isinstance(arg, Pipe) else str(arg) for arg in self.args)


@dataclass(slots=True)
class Pipe(Node):
    """`$a, $b := command | command`; `assigns` tells `=` from `:=`."""

    declares: list[Variable]
    assigns: bool
    commands: list[Command]

    def __str__(self) -> str:
        names = ", ".join(map(str, self.declares))
        mark = (" = " if self.assigns else " := ") if self.declares else ""
        return names + mark + " | ".join(map(str, self.commands))


Expression = Dot | Nil | Bool | Number | String | Field | Variable | Identifier | Chain | Pipe


@dataclass(slots=True)
class Text(Node):
    """What stands outside of actions."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(slots=True)
class Action(Node):
    """`{{pipeline}}`: printed unless it declares or assigns."""

    pipe: Pipe

    def __str__(self) -> str:
        return "{{" + str(self.pipe) + "}}"


@dataclass(slots=True)
class Branch(Node):
    """if, range or with (`keyword`)."""

    keyword: str
    pipe: Pipe
    body: Body
    otherwise: Body | None = None

    def __str__(self) -> str:
        tail = f"{{{{else}}}}{self.otherwise}" if self.otherwise is not None else ""
        return f"{{{{{self.keyword} {self.pipe}}}}}{self.body}{tail}{{{{end}}}}"


@dataclass(slots=True)
class Call(Node):
    """`{{template "name" pipeline}}`."""

    name: str
    pipe: Pipe | None

    def __str__(self) -> str:
        argument = f" {self.pipe}" if self.pipe is not None else ""
        return f"{{{{template {go_quote(self.name)}{argument}}}}}"


@dataclass(slots=True)
class Jump(Node):
    """break or continue."""

    keyword: str

    def __str__(self) -> str:
        return "{{" + self.keyword + "}}"


@dataclass(slots=True)
class Body(Node):
    """What follows each other."""

    nodes: list[Statement] = field(default_factory=list)

    def __str__(self) -> str:
        return "".join(map(str, self.nodes))


Statement = Text | Action | Branch | Call | Jump


@dataclass(slots=True)
class Tree:
    """One named template.

    name     what `{{template}}` calls it by
    source   name of the text it was parsed from, which error texts show
    text     that text, for line and column
    body     what it holds
    """

    name: str
    source: str
    text: str
    body: Body

    def place(self, pos: int) -> tuple[int, int]:
        """Line (from 1) and byte column (from 0) of a position, as Go counts them."""
        before = self.text[:pos]
        line_start = before.rfind("\n") + 1
        return before.count("\n") + 1, len(before[line_start:].encode("utf-8", "surrogateescape"))

    @property
    def is_empty(self) -> bool:
        """Whether it holds nothing but white space."""
        return all(isinstance(node, Text) and not node.text.strip() for node in self.body.nodes)
