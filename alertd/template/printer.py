"""Prints one Go value under a verb of fmt and its flags.

A verb that does not fit its operand is printed, never raised: `%!d(float64=0.85)`. What is raised is `CallFailed`,
when a value prints to more than MAX_PRINTED characters or nests deeper than MAX_DEPTH (a template can build both).
"""

from __future__ import annotations

from alertd.template import gotypes as t
from alertd.template.errors import CallFailed
from alertd.template.functions import methods_of
from alertd.template.numbers import format_float, format_verb
from alertd.template.ordering import sorted_items
from alertd.template.quoting import can_backquote, from_bytes, go_quote, is_print, to_bytes
from alertd.template.values import (
    NO_VALUE,
    Byte,
    ErrorValue,
    Func,
    Map,
    Object,
    Pointer,
    Slice,
    Struct,
    is_nil,
    type_of,
)

MAX_PRINTED = 4_000_000
MAX_DEPTH = 60

_BASES = {"v": 10, "d": 10, "b": 2, "o": 8, "O": 8, "x": 16, "X": 16}
_FLOAT_PRECISION = {"v": -1, "b": -1, "g": -1, "G": -1, "x": -1, "X": -1, "f": 6, "F": 6, "e": 6, "E": 6}


class Printer:
    """Collects what is printed; its flags are those of the current verb."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.size = 0
        self.clear_flags()

    def clear_flags(self) -> None:
        self.sharp = self.zero = self.plus = self.minus = self.space = False
        self.plus_v = self.sharp_v = False
        self.width: int | None = None
        self.precision: int | None = None

    def write(self, text: str) -> None:
        self.parts.append(text)
        self.size += len(text) + 1
        if self.size > MAX_PRINTED:
            raise CallFailed(f"printed more than {MAX_PRINTED} characters")

    def result(self) -> str:
        return "".join(self.parts)

    def pad(self, text: str) -> None:
        missing = (self.width or 0) - len(text)
        if missing <= 0:
            self.write(text)
        elif self.minus:
            self.write(text + " " * missing)
        else:
            self.write(("0" if self.zero else " ") * missing + text)

    # -- one operand --------------------------------------------------------------------------------------------

    def verb(self, value: object, verb: str) -> None:
        if verb in "vw":
            self.sharp_v, self.sharp = self.sharp, False
            self.plus_v, self.plus = self.plus, False
        self.operand(value, verb)

    def operand(self, value: object, verb: str) -> None:
        if value is None or value is NO_VALUE:
            if verb in "Tv":
                self.pad("<nil>")
            else:
                self.write(f"%!{verb}(<nil>)")
        elif verb == "T":
            self._string(type_of(value).name, "s")
        elif (verb == "w" and not isinstance(value, bytes)) or (
            verb == "p" and type_of(value).kind not in ("ptr", "map", "slice", "func")
        ):
            self._bad(value, verb)
        elif verb == "p":
            self._address(value)
        else:
            self._value(value, verb, 0)

    def _bad(self, value: object, verb: str) -> None:
        self.write(f"%!{verb}({type_of(value).name}=")
        self._value(value, "v", 0, raw=True)
        self.write(")")

    def _value(self, value: object, verb: str, depth: int, *, raw: bool = False) -> None:
        if depth > MAX_DEPTH:
            raise CallFailed(f"printed a value nested more than {MAX_DEPTH} levels deep")
        if value is None or value is NO_VALUE:
            self.write("interface {}(nil)" if self.sharp_v else "<nil>")
            return
        if not raw and not self.sharp_v and verb in "vsxXq" and (text := own_text(value)) is not None:
            self._string(text, verb)
            return
        if not raw and self.sharp_v and (source := methods_of(value).get("GoString")) is not None:
            self.write(str(source.invoke(value)))
            return
        kind = type_of(value).kind
        if isinstance(value, str):
            self._string(value, verb, owner=value)
        elif isinstance(value, bool):
            self._bool(value, verb)
        elif isinstance(value, int):
            self._integer(value, verb, signed=kind not in t.UNSIGNED_KINDS)
        elif isinstance(value, float):
            self._float(value, verb, owner=value)
        elif isinstance(value, complex):
            self._complex(value, verb)
        elif kind == "map":
            self._map(value, verb, depth)
        elif kind == "slice":
            self._slice(value, verb, depth)
        elif isinstance(value, Struct | Object) and kind == "struct":
            self.struct(value, verb, depth)
        else:
            self._pointer(value, verb, depth)

    # -- scalars ------------------------------------------------------------------------------------------------

    def _bool(self, value: bool, verb: str) -> None:
        if verb in "tv":
            self.pad("true" if value else "false")
        else:
            self._bad(value, verb)

    def _string(self, text: str, verb: str, *, owner: object = None) -> None:
        if verb in "vs":
            if self.sharp_v and verb == "v":
                self._quoted(text)
            else:
                self.pad(text if self.precision is None else text[: self.precision])
        elif verb in "xX":
            self._hexadecimal(to_bytes(text), verb)
        elif verb == "q":
            self._quoted(text)
        else:
            self._bad(text if owner is None else owner, verb)

    def _quoted(self, text: str) -> None:
        if self.precision is not None:
            text = text[: self.precision]
        if self.sharp and can_backquote(text):
            self.pad(f"`{text}`")
        else:
            self.pad(go_quote(text, ascii_only=self.plus))

    def _hexadecimal(self, data: bytes, verb: str) -> None:
        if self.precision is not None:
            data = data[: self.precision]
        prefix = "0x" if self.sharp else ""
        if self.space:
            text = " ".join(f"{prefix}{byte:02x}" for byte in data)
        else:
            text = (prefix if data else "") + data.hex()
        self.pad(text.upper() if verb == "X" else text)

    def _integer(self, value: int, verb: str, *, signed: bool) -> None:
        if verb == "v" and self.sharp_v and not signed:
            self.sharp = True
            self._digits(int(value), "x", signed=False)
            self.sharp = False
        elif verb in _BASES:
            self._digits(int(value), verb, signed=signed)
        elif verb == "c":
            self.pad(_character(int(value)))
        elif verb == "q":
            self.pad(go_quote(_character(int(value)), ascii_only=self.plus, quote="'"))
        elif verb == "U":
            self._unicode(int(value))
        else:
            self._bad(value, verb)

    def _digits(self, value: int, verb: str, *, signed: bool) -> None:
        base = _BASES[verb]
        zero, least = self.zero, 0
        if self.precision is not None:
            least = self.precision
            if not least and not value:
                self.zero = False
                self.pad(" " * (self.width or 0))
                self.zero = zero
                return
        elif self.zero and not self.minus and self.width is not None:
            least = self.width - (value < 0 or self.plus or self.space)
        digits = format(abs(value), {2: "b", 8: "o", 10: "d", 16: "x"}[base]).rjust(least, "0")
        if self.sharp:
            digits = {2: "0b", 16: "0x", 8: "" if digits.startswith("0") else "0"}.get(base, "") + digits
        if verb == "O":
            digits = "0o" + digits
        sign = "-" if value < 0 else "+" if self.plus else " " if self.space else ""
        self.zero = False
        self.pad(sign + (digits.upper() if verb == "X" else digits))
        self.zero = zero

    def _unicode(self, value: int) -> None:
        least = max(4, self.precision or 0)
        text = f"U+{value & (2**64 - 1):X}" if value < 0 else "U+" + f"{value:X}".rjust(least, "0")
        if self.sharp and 0 <= value <= 0x10FFFF and is_print(chr(value)):
            text += f" '{chr(value)}'"
        zero, self.zero = self.zero, False
        self.pad(text)
        self.zero = zero

    def _float(self, value: float, verb: str, *, owner: object) -> None:
        precision = _FLOAT_PRECISION.get(verb)
        if precision is None:
            self._bad(owner, verb)
            return
        if (
            verb == "v"
            and self.width is None
            and self.precision is None
            and not (self.sharp or self.space or self.plus)
        ):
            self.write(format_float(value))
            return
        letter = {"v": "g", "F": "f"}.get(verb, verb)
        text = format_verb(value, letter, precision if self.precision is None else self.precision)
        if text[0] not in "+-":
            text = "+" + text
        self._signed_float(text, letter)

    def _signed_float(self, text: str, letter: str) -> None:
        if self.space and text[0] == "+" and not self.plus:
            text = " " + text[1:]
        zero = self.zero
        if text[1] in "IN":
            if text[1] == "N" and not self.space and not self.plus:
                text = text[1:]
            self.zero = False
            self.pad(text)
            self.zero = zero
            return
        if self.sharp and letter != "b":
            text = _keep_zeros(text, letter, self.precision)
        if not self.plus and text[0] == "+":
            self.pad(text[1:])
        elif zero and not self.minus and self.width is not None and self.width > len(text):
            self.write(text[0] + text[1:].rjust(self.width - 1, "0"))
        else:
            self.pad(text)

    def _complex(self, value: complex, verb: str) -> None:
        if verb not in _FLOAT_PRECISION:
            self._bad(value, verb)
            return
        plus = self.plus
        self.write("(")
        self._float(value.real, verb, owner=value)
        self.plus = True
        self._float(value.imag, verb, owner=value)
        self.write("i)")
        self.plus = plus

    # -- collections --------------------------------------------------------------------------------------------

    def _open(self, value: object, bracket: str) -> bool:
        """Writes how a collection begins; False if nothing follows because it is nil."""
        if not self.sharp_v:
            self.write(bracket)
            return True
        self.write("[]byte" if isinstance(value, bytes) else type_of(value).name)
        if isinstance(value, Slice | Map) and value.nil:
            self.write("(nil)")
            return False
        self.write("{")
        return True

    def _map(self, value: object, verb: str, depth: int) -> None:
        if not isinstance(value, dict) or not self._open(value, "map["):
            return
        for number, (key, item) in enumerate(sorted_items(value)):
            if number:
                self.write(", " if self.sharp_v else " ")
            self._value(key, verb, depth + 1)
            self.write(":")
            self._value(item, verb, depth + 1)
        self.write("}" if self.sharp_v else "]")

    def _slice(self, value: object, verb: str, depth: int) -> None:
        if isinstance(value, bytes) and self._bytes(value, verb):
            return
        if not isinstance(value, bytes | list | tuple | Slice) or not self._open(value, "["):
            return
        for number, item in enumerate(value):
            if number:
                self.write(", " if self.sharp_v else " ")
            if isinstance(value, bytes):
                self._integer(Byte(item), verb, signed=False)
            else:
                self._value(item, verb, depth + 1)
        self.write("}" if self.sharp_v else "]")

    def _bytes(self, value: bytes, verb: str) -> bool:
        if verb == "s":
            self._string(from_bytes(value), verb)
        elif verb in "xX":
            self._hexadecimal(value, verb)
        elif verb == "q":
            self._quoted(from_bytes(value))
        else:
            return False
        return True

    def struct(self, value: Struct | Object, verb: str, depth: int) -> None:
        if self.sharp_v:
            self.write(type_of(value).name.removeprefix("*"))
        self.write("{")
        for number, (name, item) in enumerate(value.go_values()):
            if number:
                self.write(", " if self.sharp_v else " ")
            if self.plus_v or self.sharp_v:
                self.write(name + ":")
            self._value(item, verb, depth + 1)
        self.write("}")

    def _pointer(self, value: object, verb: str, depth: int) -> None:
        if isinstance(value, ErrorValue) and depth == 0:
            self.write("&errors.errorString{s:" if self.sharp_v else "&{s:" if self.plus_v else "&{")
            self._string(value.message, verb)
            self.write("}")
        elif is_nil(value) and verb == "v":
            self.pad("<nil>")
        elif is_nil(value) and verb in "bodxX":
            self._digits(0, verb, signed=False)
        elif isinstance(value, Pointer) and depth == 0 and type_of(value.target).kind in ("struct", "map", "slice"):
            self.write("&")
            self._value(value.target, verb, depth + 1)
        elif isinstance(value, Object) and depth == 0:
            self.write("&")
            self.struct(value, verb, depth + 1)
        elif verb in "vbodxX" and isinstance(value, Pointer | Object | Func | ErrorValue):
            self._address(value)
        else:
            self._bad(value, verb)

    def _address(self, value: object) -> None:
        # Go prints another one each time.
        self.pad("0x0" if is_nil(value) else "0xc000000000")


def own_text(value: object) -> str | None:
    """What a value's own String or Error method says, if it has one."""
    if isinstance(value, ErrorValue):
        return value.message
    if isinstance(value, Pointer):
        return None if value.target is None else own_text(value.target)
    method = methods_of(value).get("String")
    if method is None:
        return None
    text = method.invoke(value)
    return text if isinstance(text, str) else None


def _character(code: int) -> str:
    return chr(code) if 0 <= code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF else "\ufffd"


def _keep_zeros(text: str, letter: str, precision: int | None) -> str:
    """The # flag: always a decimal point, and %g keeps its trailing zeros."""
    if letter in "xX":
        return text if "." in text else text.replace("p", ".p", 1).replace("P", ".P", 1)
    mantissa, mark, power = text.partition("E" if letter in "EG" else "e")
    if "." not in mantissa:
        mantissa += "."
    if letter in "gG":
        wanted = 6 if precision is None else precision
        digits = mantissa.lstrip("+- 0.").replace(".", "") or "0"
        mantissa += "0" * (wanted - len(digits))
    return mantissa + mark + power
