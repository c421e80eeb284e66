"""The functions every Go template has: and or not, eq ne lt le gt ge, len index slice, print*, html js urlquery, call.

Comparison is typed as in Go: an int never equals a float (`eq 1 1.0` is an error), signs of integers do not matter.
Sources: documentation of Go's text/template; texts of errors as real Go prints them.
"""

from __future__ import annotations

from urllib.parse import quote_plus

from alertd.template import gotypes as t
from alertd.template.comparison import and_, basic_kind, eq, ge, gt, is_nothing, le, lt, ne, not_, or_
from alertd.template.errors import CallFailed
from alertd.template.fmt import sprint, sprintf, sprintln
from alertd.template.functions import Function
from alertd.template.gotypes import GoType
from alertd.template.quoting import from_bytes, is_print, to_bytes
from alertd.template.values import (
    NO_VALUE,
    Byte,
    Func,
    Pointer,
    Slice,
    is_nil,
    string_length,
    type_of,
    zero,
)

# -- collections ------------------------------------------------------------------------------------------------------


def len_(value: object) -> int:
    """Bytes of a string, entries of a collection."""
    if isinstance(value, str):
        return string_length(value)
    if isinstance(value, dict | list | tuple | Slice | bytes):
        return len(value)
    if value is NO_VALUE:
        raise CallFailed("reflect: call of reflect.Value.Type on zero Value")
    if is_nil(value):
        raise CallFailed("len of nil pointer")
    if isinstance(value, Pointer):
        return len_(value.target)
    raise CallFailed(f"len of type {type_of(value).name}")


def index(collection: object, *keys: object) -> object:
    """`index x 1 "a"` is x[1]["a"]; a key that a map lacks gives the zero value of its elements."""
    if is_nothing(collection):
        raise CallFailed("index of untyped nil")
    for key in keys:
        if isinstance(collection, Pointer):
            collection = collection.target
        if collection is None or collection is NO_VALUE:
            raise CallFailed("index of nil pointer")
        if isinstance(collection, dict):
            collection = _map_entry(collection, key)
        elif isinstance(collection, str | list | tuple | Slice | bytes):
            collection = _list_item(collection, key)
        else:
            raise CallFailed(f"can't index item of type {type_of(collection).name}")
    return collection


def _map_entry(collection: dict[object, object], key: object) -> object:
    go_type = type_of(collection)
    wanted = go_type.key if go_type.key is not None else t.STRING
    elem = go_type.elem if go_type.elem is not None else t.ANY
    found = collection.get(map_key(key, wanted), NO_VALUE)
    return zero(elem) if found is NO_VALUE else found


def map_key(key: object, wanted: GoType) -> object:
    """A key as a map of this key type takes it; CallFailed where Go refuses it."""
    if is_nothing(key):
        if wanted is t.ANY:
            return None
        raise CallFailed(f"value is nil; should be of type {wanted.name}")
    found = type_of(key)
    if t.assignable(found, wanted):
        return key
    if basic_kind(key) == "int" and wanted.kind in t.SIGNED_KINDS | t.UNSIGNED_KINDS:
        return key
    raise CallFailed(f"value has type {found.name}; should be {wanted.name}")


def _list_item(collection: str | list[object] | tuple[object, ...] | Slice | bytes, key: object) -> object:
    data = to_bytes(collection) if isinstance(collection, str) else collection
    position = list_index(key, len(data) - 1)
    return Byte(data[position]) if isinstance(data, bytes) else data[position]


def list_index(key: object, last: int) -> int:
    """An index into a list; CallFailed unless it is an integer from 0 to last."""
    if is_nothing(key):
        raise CallFailed("cannot index slice/array with nil")
    if basic_kind(key) != "int" or not isinstance(key, int):
        raise CallFailed(f"cannot index slice/array with type {type_of(key).name}")
    if not 0 <= key <= last:
        raise CallFailed(f"index out of range: {int(key)}")
    return int(key)


def slice_(collection: object, *keys: object) -> object:
    """`slice x 1 2` is x[1:2]; a list may be widened up to its capacity, a string is cut by bytes."""
    if is_nothing(collection):
        raise CallFailed("slice of untyped nil")
    if len(keys) > 3:
        raise CallFailed(f"too many slice indexes: {len(keys)}")
    if isinstance(collection, Pointer) and collection.target is not None:
        collection = collection.target
    if isinstance(collection, str):
        return _slice_string(collection, keys)
    if isinstance(collection, bytes):
        start, end, _ = _bounds(keys, len(collection), len(collection))
        return collection[start:end]
    if isinstance(collection, list | tuple):
        collection = Slice(list(collection), t.SLICE_ANY)
    if not isinstance(collection, Slice):
        raise CallFailed(f"can't slice item of type {type_of(collection).name}")
    capacity = len(collection.items) - collection.start
    start, end, limit = _bounds(keys, len(collection), capacity)
    return collection.window(start, end, limit)


def _slice_string(text: str, keys: tuple[object, ...]) -> str:
    if len(keys) == 3:
        raise CallFailed("cannot 3-index slice a string")
    data = to_bytes(text)
    start, end, _ = _bounds(keys, len(data), len(data))
    return from_bytes(data[start:end])


def _bounds(keys: tuple[object, ...], length: int, capacity: int) -> tuple[int, int, int]:
    bounds = [0, length, capacity]
    for place, key in enumerate(keys):
        bounds[place] = list_index(key, capacity)
    start, end, limit = bounds
    if start > end:
        raise CallFailed(f"invalid slice index: {start} > {end}")
    if end > limit:
        raise CallFailed(f"invalid slice index: {end} > {limit}")
    return start, end, limit


# -- text -------------------------------------------------------------------------------------------------------------


def joined(values: tuple[object, ...]) -> str:
    """The operands of html, js and urlquery as one text; nothing counts as `<no value>`."""
    if len(values) == 1 and isinstance(values[0], str):
        return str(values[0])
    return sprint(["<no value>" if is_nothing(value) else value for value in values], indirect=True)


_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;", "\0": "\ufffd"})
_JS = {"\\": "\\\\", "'": "\\'", '"': '\\"', "<": "\\u003C", ">": "\\u003E", "&": "\\u0026", "=": "\\u003D"}


def html_escape(*values: object) -> str:
    """Text for HTML."""
    return joined(values).translate(_HTML)


def js_escape(*values: object) -> str:
    """Text for a JavaScript string literal."""
    return "".join(_js_character(char) for char in joined(values))


def _js_character(char: str) -> str:
    if char in _JS:
        return _JS[char]
    code = ord(char)
    if 0x20 <= code < 0x80 or 0xDC80 <= code <= 0xDCFF or (code >= 0x80 and is_print(char)):
        return char
    return f"\\u{code:04X}"


def query_escape(text: str) -> str:
    """Go's url.QueryEscape: a blank becomes +, everything but A-Z a-z 0-9 - _ . ~ a %XX."""
    return quote_plus(to_bytes(text), safe="")


def url_query(*values: object) -> str:
    """Text for the query of a URL."""
    return query_escape(joined(values))


# -- call -------------------------------------------------------------------------------------------------------------


def call(function: object, *args: object) -> object:
    """Calls a function that the data hold."""
    if is_nothing(function):
        raise CallFailed("call of nil")
    if not isinstance(function, Func):
        raise CallFailed(f"non-function of type {type_of(function).name}")
    fixed = len(function.params) - function.variadic
    if len(args) < fixed or (len(args) > fixed and not function.variadic):
        wanted = f"want at least {fixed}" if function.variadic else f"want {fixed}"
        raise CallFailed(f"wrong number of args: got {len(args)} {wanted}")
    checked = []
    for place, arg in enumerate(args):
        wanted_type = function.params[min(place, len(function.params) - 1)]
        checked.append(_call_argument(arg, wanted_type, place))
    return function.invoke(*checked)


def _call_argument(arg: object, wanted: GoType, place: int) -> object:
    if is_nothing(arg):
        if wanted.kind in t.NILABLE_KINDS:
            return None
        raise CallFailed(f"arg {place}: value is nil; should be of type {wanted.name}")
    found = type_of(arg)
    integers = t.SIGNED_KINDS | t.UNSIGNED_KINDS
    if t.assignable(found, wanted) or (found.kind in integers and wanted.kind in integers):
        return arg
    raise CallFailed(f"arg {place}: value has type {found.name}; should be {wanted.name}")


_V = t.VALUE
_REST = (t.ANY,)
BUILTINS: dict[str, Function] = {
    "and": Function(and_, (_V, _V), variadic=True, may_be_nil=True),
    "or": Function(or_, (_V, _V), variadic=True, may_be_nil=True),
    "not": Function(not_, (_V,)),
    "eq": Function(eq, (_V, _V), variadic=True),
    "ne": Function(ne, (_V, _V)),
    "lt": Function(lt, (_V, _V)),
    "le": Function(le, (_V, _V)),
    "gt": Function(gt, (_V, _V)),
    "ge": Function(ge, (_V, _V)),
    "len": Function(len_, (_V,)),
    "index": Function(index, (_V, _V), variadic=True, may_be_nil=True),
    "slice": Function(slice_, (_V, _V), variadic=True),
    "call": Function(call, (_V, _V), variadic=True, may_be_nil=True),
    "print": Function(lambda *values: sprint(values), _REST, variadic=True),
    "println": Function(lambda *values: sprintln(values), _REST, variadic=True),
    "printf": Function(lambda template, *values: sprintf(template, values), (t.STRING, t.ANY), variadic=True),
    "html": Function(html_escape, _REST, variadic=True),
    "js": Function(js_escape, _REST, variadic=True),
    "urlquery": Function(url_query, _REST, variadic=True),
}
