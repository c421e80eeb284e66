"""Go values in Python clothes.

    Go                        here
    bool, string, float64     bool, str, float
    int                       int
    int64, uint, uint8        Int64, Uint, Byte (subclasses of int)
    []interface {}            list or tuple
    map[string]interface {}   dict with str keys
    other slices and maps     Slice, Map (they know their type, and whether they are nil)
    structs                   Struct, or an Object subclass with a table of fields and methods
    pointers                  Pointer
    a nil interface           None
    no value at all           NO_VALUE: a missing map key under missingkey=default, the constant nil

None and NO_VALUE print alike (`<no value>`), but a field of the former is an error and of the latter nothing again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import ClassVar, Final

from alertd.template import gotypes as t
from alertd.template.gotypes import GoType
from alertd.template.quoting import to_bytes


class NoValue:
    """The type of NO_VALUE."""

    go_type: ClassVar[GoType] = GoType("invalid", "<invalid Value>")

    def __repr__(self) -> str:
        return "NO_VALUE"


NO_VALUE: Final = NoValue()


class Int64(int):
    """A Go int64."""

    go_type: ClassVar[GoType] = t.INT64


class Uint(int):
    """A Go uint."""

    go_type: ClassVar[GoType] = t.UINT


class Uint64(int):
    """A Go uint64."""

    go_type: ClassVar[GoType] = t.UINT64


class Byte(int):
    """A Go uint8, such as one byte of a string."""

    go_type: ClassVar[GoType] = t.UINT8


class Html(str):
    """HTML that is safe as it is (html/template's HTML)."""

    __slots__ = ()
    go_type: ClassVar[GoType] = t.named("template.HTML", t.STRING)


class Url(str):
    """A URL whose scheme is trusted (html/template's URL)."""

    __slots__ = ()
    go_type: ClassVar[GoType] = t.named("template.URL", t.STRING)


class Slice(Sequence[object]):
    """A Go slice: a window on a shared backing list.

    items      the backing list
    go_type    its type, such as `[]string`
    start,end  the window; slicing may widen it up to the end of the backing list
    nil        whether it is Go's nil slice
    """

    __slots__ = ("end", "go_type", "items", "nil", "start")

    def __init__(
        self, items: list[object], go_type: GoType, *, start: int = 0, end: int | None = None, nil: bool = False
    ) -> None:
        self.items = items
        self.go_type = go_type
        self.start = start
        self.end = len(items) if end is None else end
        self.nil = nil

    def window(self, start: int, end: int, limit: int) -> Slice:
        """A slice of the same type on the same backing list; `limit` bounds how far it can be widened again."""
        part = object.__new__(type(self))
        whole = limit == len(self.items) - self.start
        part.items = self.items if whole else self.items[: self.start + limit]
        part.go_type, part.nil = self.go_type, False
        part.start, part.end = self.start + start, self.start + end
        return part

    def __len__(self) -> int:
        return self.end - self.start

    def __getitem__(self, index: int) -> object:  # type: ignore[override]
        return self.items[self.start + index]

    def __iter__(self) -> Iterator[object]:
        return iter(self.items[self.start : self.end])


class Map(dict[object, object]):
    """A Go map with a type; a plain dict is `map[string]interface {}`."""

    __slots__ = ("go_type", "nil")

    def __init__(
        self, items: Mapping[object, object] | Iterable[tuple[object, object]], go_type: GoType, *, nil: bool = False
    ) -> None:
        super().__init__(items)
        self.go_type = go_type
        self.nil = nil


class StringMap(dict[str, str]):
    """A Go `map[string]string`: the labels of a rule template."""

    __slots__ = ()
    go_type: ClassVar[GoType] = t.MAP_STRING
    nil: ClassVar[bool] = False


class Object:
    """Base of struct-like values: Go names of fields -> how to read them; Go names of methods -> functions."""

    __slots__ = ()
    go_type: ClassVar[GoType]
    go_fields: ClassVar[Mapping[str, Callable[[object], object]]] = {}

    def go_values(self) -> list[tuple[str, object]]:
        """The fields in order, for printing."""
        return [(name, read(self)) for name, read in self.go_fields.items()]


class Struct:
    """A struct of a type made up on the spot, such as a template's root."""

    __slots__ = ("go_type", "values")

    def __init__(self, values: dict[str, object], go_type: GoType) -> None:
        self.values = values
        self.go_type = go_type

    def go_values(self) -> list[tuple[str, object]]:
        """The fields in order, for printing."""
        return list(self.values.items())


class Pointer:
    """A pointer; nil where target is None."""

    __slots__ = ("elem", "target")

    def __init__(self, target: object, elem: GoType | None = None) -> None:
        self.target = target
        self.elem = elem if elem is not None else type_of(target)

    @property
    def go_type(self) -> GoType:
        return t.pointer_to(self.elem)


class ErrorValue:
    """An error made by errors.New."""

    __slots__ = ("message",)
    go_type: ClassVar[GoType] = t.pointer_to(GoType("struct", "errors.errorString", fields=(("s", t.STRING),)))

    def __init__(self, message: str) -> None:
        self.message = message


class Func:
    """A function held by the data, to be used with `call`.

    invoke     takes the checked arguments; raises CallFailed for an error result or a panic
    params     types of the parameters; the last repeats if variadic
    """

    __slots__ = ("go_type", "invoke", "params", "variadic")

    def __init__(
        self, invoke: Callable[..., object], params: tuple[GoType, ...], *, variadic: bool = False, name: str = "func()"
    ) -> None:
        self.invoke = invoke
        self.params = params
        self.variadic = variadic
        self.go_type = GoType("func", name, defined=False)


_TYPES: dict[type, GoType] = {
    str: t.STRING,
    float: t.FLOAT64,
    int: t.INT,
    bool: t.BOOL,
    complex: t.COMPLEX128,
    bytes: t.BYTES,
    list: t.SLICE_ANY,
    tuple: t.SLICE_ANY,
    dict: t.MAP_ANY,
    type(None): t.ANY,
}


def type_of(value: object) -> GoType:
    """The Go type of a value; `interface {}` for None."""
    known = _TYPES.get(type(value))
    if known is not None:
        return known
    found = getattr(value, "go_type", None)
    if isinstance(found, GoType):
        return found
    raise TypeError(f"{type(value).__name__} is no template value")


def is_true(value: object) -> bool:
    """Go template truth: false, 0, "", nil and empty collections are false; NaN and every struct are true."""
    if isinstance(value, str | int | float | complex | dict | list | tuple | Slice | bytes):
        return bool(value)
    if value is None or value is NO_VALUE:
        return False
    return not is_nil(value)


def is_nil(value: object) -> bool:
    """Whether a value is nil: nothing, a nil pointer, slice or map."""
    if value is None or value is NO_VALUE:
        return True
    if isinstance(value, Pointer):
        return value.target is None
    return isinstance(value, Slice | Map) and value.nil


def string_length(text: str) -> int:
    """Bytes of a Go string."""
    return len(text) if text.isascii() else len(to_bytes(text))


def zero(go_type: GoType) -> object:
    """The zero value of a type."""
    match go_type.kind:
        case "string":
            return ""
        case "bool":
            return False
        case "int":
            return 0
        case "int64":
            return Int64(0)
        case "uint":
            return Uint(0)
        case "uint8":
            return Byte(0)
        case "float64":
            return 0.0
        case "slice":
            return Slice([], go_type, nil=True)
        case "map":
            return Map((), go_type, nil=True)
        case "ptr":
            return Pointer(None, go_type.elem)
        case "struct":
            return Struct({name: zero(elem) for name, elem in go_type.fields}, go_type)
    return None
