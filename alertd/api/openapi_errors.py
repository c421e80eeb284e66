"""Errors in the two shapes Alertmanager's API has, and the checks whose words its clients know.

What the generated code of Alertmanager finds is an object `{"code": ..., "message": ...}`, where `code` is not the HTTP
status; what its handlers find is a bare JSON string.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec
from aiohttp import web

from alertd.errors import AlertdError

BAD_FORMAT, REQUIRED, TOO_FEW = 601, 602, 612


class ApiError(AlertdError):
    """An answer that is an error; `code` None makes it a handler's error, a bare string."""

    def __init__(self, message: str, *, status: HTTPStatus = HTTPStatus.BAD_REQUEST, code: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code

    def response(self) -> web.Response:
        """The answer."""
        body = str(self) if self.code is None else {"code": self.code, "message": str(self)}
        return json_response(body, status=self.status)


def json_response(body: object, *, status: int = HTTPStatus.OK) -> web.Response:
    """JSON and a line break, as Go's encoder ends."""
    return raw_json(msgspec.json.encode(body), status=status)


def raw_json(body: bytes, *, status: int = HTTPStatus.OK) -> web.Response:
    """JSON that is encoded already."""
    return web.Response(body=body + b"\n", status=status, content_type="application/json")


def invalid(message: str, code: int) -> ApiError:
    """A body that is JSON and not what was asked for."""
    return ApiError(message, status=HTTPStatus.UNPROCESSABLE_ENTITY, code=code)


async def read_json(request: web.Request, name: str) -> Any:
    """The decoded body of a POST; `name` is what errors call it. Raises ApiError."""
    if request.content_type != "application/json" and request.headers.get("Content-Type"):
        raise ApiError(
            f'unsupported media type "{request.content_type}", only [application/json] are allowed',
            status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            code=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        )
    body = await request.read()
    if not body.strip():
        raise invalid(f"{name} in body is required", REQUIRED)
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise malformed(name, str(error)) from error


def malformed(name: str, why: str) -> ApiError:
    """A body that could not be read into what was asked for."""
    return ApiError(f'parsing {name} body from "" failed, because {why}', code=HTTPStatus.BAD_REQUEST)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a posted object: whether it must be there, and of which JSON type it is."""

    name: str
    types: tuple[type, ...]
    required: bool = False


def check_object(value: Any, fields: Sequence[Field], *, body: str, at: str = "") -> Mapping[str, Any]:
    """`value` as an object whose known fields have their types; raises ApiError. Null is absent, further fields are let be.

    at   prefix of a field's name in errors, such as `0.` in a list
    """
    if not isinstance(value, dict):
        raise malformed(body, f"json: cannot unmarshal {json_type(value)} into Go value")
    for field in fields:
        given = value.get(field.name)
        if given is None:
            if field.required:
                raise invalid(f"{at}{field.name} in body is required", REQUIRED)
        elif not isinstance(given, field.types) or (isinstance(given, bool) and bool not in field.types):
            raise malformed(body, f"json: cannot unmarshal {json_type(given)} into Go struct field {at}{field.name}")
    return value


def check_texts(value: Any, *, body: str, at: str) -> dict[str, str]:
    """`value` as texts by name; raises ApiError."""
    for name, text in (value or {}).items():
        if not isinstance(text, str):
            raise malformed(
                body, f"json: cannot unmarshal {json_type(text)} into Go struct field {at}.{name} of type string"
            )
    return dict(value or {})


def check_uuid(text: str, what: str) -> str:
    """An id in a path; raises ApiError."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise invalid(f'{what} must be of type uuid: "{text}"', BAD_FORMAT) from None


_JSON_TYPES: Mapping[type, str] = {
    dict: "object", list: "array", str: "string", bool: "bool", int: "number", float: "number", type(None): "null",
}  # fmt: skip


def json_type(value: object) -> str:
    """What JSON calls it."""
    return _JSON_TYPES[type(value)]


Handler = Callable[[web.Request], Any]


def answering_errors(handler: Handler) -> Handler:
    """`handler`, with ApiErrors as answers."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            response: web.StreamResponse = await handler(request)
        except ApiError as error:
            return error.response()
        return response

    return handle
