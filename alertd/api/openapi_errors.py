"""Errors in the two shapes Alertmanager's API has, and the checks whose words its clients know.

What the generated code of Alertmanager finds is an object `{"code": ..., "message": ...}`, where `code` is not the HTTP
status; what its handlers find is a bare JSON string.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec
from aiohttp import web

from alertd.api.alertmanager_json import go_json
from alertd.errors import AlertdError

_UUID = re.compile("[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE | re.ASCII)

BAD_FORMAT, REQUIRED, TOO_FEW = 601, 602, 612


class ApiError(AlertdError):
    """An answer that is an error; `code` None makes it a handler's error, a bare string."""

    def __init__(self, message: str, *, status: HTTPStatus = HTTPStatus.BAD_REQUEST, code: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers: Mapping[str, str] = {}

    def response(self) -> web.Response:
        """The answer."""
        body = str(self) if self.code is None else {"code": self.code, "message": str(self)}
        response = json_response(body, status=self.status)
        response.headers.update(self.headers)
        return response


def refused(status: HTTPStatus, message: str) -> ApiError:
    """A request that is not understood at all: the code is the status."""
    return ApiError(message, status=status, code=status)


def invalid(message: str, code: int) -> ApiError:
    """A body that is JSON and not what was asked for."""
    return ApiError(message, status=HTTPStatus.UNPROCESSABLE_ENTITY, code=code)


def malformed(name: str, why: str) -> ApiError:
    """A body that could not be read into what was asked for."""
    return refused(HTTPStatus.BAD_REQUEST, f'parsing {name} body from "" failed, because {why}')


def json_response(body: object, *, status: int = HTTPStatus.OK) -> web.Response:
    """JSON and a line break, as Go's encoder ends."""
    return raw_json(go_json(body), status=status)


def raw_json(body: bytes, *, status: int = HTTPStatus.OK) -> web.Response:
    """JSON that is encoded already."""
    return web.Response(body=body + b"\n", status=status, content_type="application/json")


async def read_body(request: web.Request, name: str) -> bytes:
    """The body of a POST; `name` is what errors call it. Raises ApiError."""
    if request.body_exists and request.content_type != "application/json":
        raise refused(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            f'unsupported media type "{request.content_type}", only [application/json] are allowed',
        )
    body = await request.read()
    if not body.strip():
        raise invalid(f"{name} in body is required", REQUIRED)
    return body


def decode_json(body: bytes, name: str) -> Any:
    """Any JSON; like Go, forgives bytes that are no UTF-8 and halves of surrogates. Raises ApiError."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return _mended(json.loads(body.decode(errors="replace")))
    except (ValueError, RecursionError) as error:
        raise malformed(name, str(error)) from None


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_mended(item) for item in value]
    if isinstance(value, dict):
        return {_mended(name): _mended(item) for name, item in value.items()}
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a posted object.

    place   what Go calls it in errors: `Silence.comment`
    kind    its Go type: `string`, `bool`, `models.LabelSet`
    """

    name: str
    place: str
    kind: str = "string"
    required: bool = False


_KINDS: Mapping[str, type] = {
    "string": str, "bool": bool, "models.LabelSet": dict, "models.Matchers": list,
}  # fmt: skip
_JSON_TYPES: Mapping[type, str] = {
    dict: "object", list: "array", str: "string", bool: "bool", int: "number", float: "number", type(None): "null",
}  # fmt: skip


def check_types(value: Any, fields: Sequence[Field], *, body: str, kind: str) -> None:
    """That `value` is an object whose known fields have their types, or are null; raises ApiError.

    body   what the whole body is called
    kind   what Go calls such an object
    """
    if not isinstance(value, dict):
        raise mistyped(value, body, f"value of type {kind}")
    for field in fields:
        given = value.get(field.name)
        if given is not None and not isinstance(given, _KINDS[field.kind]):
            raise mistyped(given, body, f"struct field {field.place} of type {field.kind}")
        if isinstance(given, dict):
            _check_texts(given.values(), body=body, place=field.place)


def _check_texts(values: Iterable[Any], *, body: str, place: str) -> None:
    for text in values:
        if text is not None and not isinstance(text, str):
            raise mistyped(text, body, f"struct field {place} of type string")


def mistyped(value: Any, body: str, what: str) -> ApiError:
    """JSON of another type than `what`."""
    return malformed(body, f"json: cannot unmarshal {_JSON_TYPES[type(value)]} into Go {what}")


def check_required(value: Mapping[str, Any], fields: Sequence[Field], *, at: str = "") -> None:
    """That nothing is missing; `at` is put before a field's name in errors (`0.`). Raises ApiError."""
    for field in fields:
        if field.required and value.get(field.name) is None:
            raise invalid(f"{at}{field.name} in body is required", REQUIRED)


def check_uuid(text: str, what: str) -> str:
    """An id in a path; raises ApiError."""
    if not _UUID.fullmatch(text):
        raise invalid(f'{what} must be of type uuid: "{text}"', BAD_FORMAT)
    return str(uuid.UUID(text))
