"""Alertmanager's API v2: what amtool, Prometheus, Grafana and karma ask and post."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from importlib.resources import files

from aiohttp import web

from alertd.api.alert_list import AlertList, AlertQuery, Blocks
from alertd.api.alertmanager_json import timestamp
from alertd.api.measuring import MEASURED_AS
from alertd.api.openapi_errors import (
    ApiError,
    check_uuid,
    json_response,
    raw_json,
    read_body,
    refused,
)
from alertd.api.parameters import filters, flag
from alertd.api.posted_alerts import NAME as ALERTS
from alertd.api.posted_alerts import decode_alerts
from alertd.api.services import AlertmanagerServices
from alertd.api.silence_requests import NAME as SILENCE
from alertd.api.silence_requests import decode_silence, silence_json
from alertd.dispatch.silences import SilenceError, SilenceState, UnknownSilenceError, listed
from alertd.errors import StoreError

API_VERSION = "0.34.0"
"""The version of Alertmanager whose API this is: clients look at it to know what they may ask."""

WHOLE_BYTES = 256 * 1024
"""An answer up to this long is sent in one piece; a longer one piece by piece, as it is made."""

SILENCES_AT_ONCE = 200

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class AlertmanagerV2:
    """Handlers. Errors have Alertmanager's two shapes, see `openapi_errors`."""

    def __init__(self, services: AlertmanagerServices) -> None:
        self._services = services
        self._list = AlertList(services)
        self._prefix = ""
        self._handlers: Mapping[str, Mapping[str, Handler]] = {
            "alerts": {"GET": self.get_alerts, "POST": self.post_alerts},
            "alerts/groups": {"GET": self.get_groups},
            "silences": {"GET": self.get_silences, "POST": self.post_silence},
            "silence/": {"GET": self.get_silence, "DELETE": self.delete_silence},
            "receivers": {"GET": self.get_receivers},
            "status": {"GET": self.get_status},
            "openapi.json": {"GET": self.get_openapi},
        }

    def routes(self, prefix: str) -> list[web.RouteDef]:
        """Every path under `prefix`."""
        self._prefix = prefix
        return [
            web.route("*", f"{prefix}/api/v2{{path:(/.*)?}}", self.handle),
            web.post(f"{prefix}/api/v1/alerts", self.gone),
        ]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer any request below the path; what concerns all of them is done here."""
        try:
            response = _preflight(request) or await self._handler(request)(request)
        except ApiError as error:
            response = error.response()
        except StoreError as error:
            response = json_response(str(error), status=HTTPStatus.INTERNAL_SERVER_ERROR)
        return response

    def _handler(self, request: web.Request) -> Handler:
        path = request.match_info["path"].strip("/")
        name = "silence/" if _silence_id(request) else path
        by_method = self._handlers.get(name)
        if by_method is None:
            shown = request.path.removeprefix(self._prefix)
            raise refused(HTTPStatus.NOT_FOUND, f"path {shown} was not found")
        request[MEASURED_AS] = f"/api/v2/{name}"
        if request.method not in by_method:
            raise _wrong_method(request.method, by_method)
        return by_method[request.method]

    # -- alerts -----------------------------------------------------------------------------------------------------

    async def post_alerts(self, request: web.Request) -> web.StreamResponse:
        """Take alerts; 200 and nothing, once they are on disk. Good ones are kept though others are refused."""
        errors = await self._services.intake.post(decode_alerts(await read_body(request, ALERTS)))
        if errors:
            raise ApiError("; ".join(errors))
        return _nothing()

    async def get_alerts(self, request: web.Request) -> web.StreamResponse:
        """Alerts that have not ended, with their status at this moment."""
        return await _send(request, self._list.alerts(AlertQuery.parse(request)))

    async def get_groups(self, request: web.Request) -> web.StreamResponse:
        """The same by aggregation group."""
        return await _send(request, self._list.groups(AlertQuery.parse(request)))

    # -- silences ---------------------------------------------------------------------------------------------------

    async def get_silences(self, request: web.Request) -> web.StreamResponse:
        """Silences in the order in which people want to see them."""
        at = self._services.now()
        silences = listed(
            self._services.silencer.silences,
            at=at,
            matchers=filters(request),
            states=[state for state in SilenceState if flag(request, state.value)],
        )
        shown = []
        for start in range(0, len(silences), SILENCES_AT_ONCE):
            shown += [silence_json(silence, at=at) for silence in silences[start : start + SILENCES_AT_ONCE]]
            await asyncio.sleep(0)
        return json_response(shown)

    async def post_silence(self, request: web.Request) -> web.StreamResponse:
        """Make a silence, or change the one with the id given; its id, once it is on disk."""
        body = await read_body(request, SILENCE)
        try:
            silence_id = await self._services.silencer.set(decode_silence(body))
        except UnknownSilenceError as error:
            raise ApiError(str(error), status=HTTPStatus.NOT_FOUND) from None
        except SilenceError as error:
            raise ApiError(str(error)) from None
        return json_response({"silenceID": silence_id})

    async def get_silence(self, request: web.Request) -> web.StreamResponse:
        """One silence."""
        silence = self._services.silencer.silences.get(_checked_id(request))
        if silence is None:
            return _nothing(HTTPStatus.NOT_FOUND)
        return json_response(silence_json(silence, at=self._services.now()))

    async def delete_silence(self, request: web.Request) -> web.StreamResponse:
        """End a silence now; 200 and nothing, also when it is over already."""
        try:
            await self._services.silencer.expire(_checked_id(request))
        except UnknownSilenceError:
            return _nothing(HTTPStatus.NOT_FOUND)
        return _nothing()

    # -- the rest ---------------------------------------------------------------------------------------------------

    async def get_receivers(self, _: web.Request) -> web.StreamResponse:
        """Every receiver, in the order of the configuration."""
        return json_response([{"name": name} for name in self._services.receivers()])

    async def get_status(self, _: web.Request) -> web.StreamResponse:
        """Configuration, version, start; nobody gossips here, so the cluster is disabled."""
        unknown = dict.fromkeys(("branch", "buildDate", "buildUser", "goVersion", "revision"), "")
        return json_response(
            {
                "cluster": {"peers": [], "status": "disabled"},
                "config": {"original": self._services.original()},
                "uptime": timestamp(self._services.started_at),
                "versionInfo": {**unknown, "version": API_VERSION},
            }
        )

    async def get_openapi(self, _: web.Request) -> web.StreamResponse:
        """What this API is, for programs."""
        return raw_json(files("alertd.api").joinpath("alertmanager_v2.openapi.json").read_bytes().rstrip())

    async def gone(self, _: web.Request) -> web.StreamResponse:
        """Alertmanager's API v1, which it gave up with 0.27."""
        text = "The Alertmanager v1 API was deprecated in version 0.16.0 and is removed as of version 0.27.0 - please use the equivalent route in the v2 API"
        return json_response({"status": "deprecated", "error": text}, status=HTTPStatus.GONE)


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """For browsers and caches: answers are of the moment, and anybody's page may ask."""
    if "/api/v2" not in request.path:
        return
    response.headers.setdefault("Vary", "Origin")
    response.headers.setdefault("Cache-Control", "no-store")
    if "Origin" in request.headers:
        response.headers["Access-Control-Allow-Origin"] = "*"


def _preflight(request: web.Request) -> web.Response | None:
    """The answer to a browser that asks before it asks; None when it is something else."""
    wanted = request.headers.get("Access-Control-Request-Method")
    if request.method != "OPTIONS" or not wanted:
        return None
    headers = {
        "Access-Control-Allow-Methods": wanted,
        "Vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
    }
    if names := request.headers.get("Access-Control-Request-Headers"):
        headers["Access-Control-Allow-Headers"] = names
    return web.Response(headers=headers)


def _wrong_method(method: str, by_method: Mapping[str, Handler]) -> ApiError:
    allowed = ",".join(by_method)
    error = refused(HTTPStatus.METHOD_NOT_ALLOWED, f"method {method} is not allowed, but [{allowed}] are")
    error.headers = {"Allow": allowed}
    return error


def _silence_id(request: web.Request) -> str:
    """What follows `silence/`, or nothing."""
    head, _, silence_id = request.match_info["path"].strip("/").partition("/")
    return silence_id if head == "silence" and "/" not in silence_id else ""


def _checked_id(request: web.Request) -> str:
    return check_uuid(_silence_id(request), "silenceID in path")


def _nothing(status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    """No body and no type of one: generated clients want it so."""
    response = web.Response(status=status)
    response.headers.popall("Content-Type", None)
    return response


async def _send(request: web.Request, blocks: Blocks) -> web.StreamResponse:
    """The answer, in one piece when it is short."""
    held: list[bytes] = []
    size = 0
    async for block in blocks:
        held.append(block)
        size += len(block)
        if size > WHOLE_BYTES:
            break
    else:
        return raw_json(b"".join(held))
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    with suppress(ConnectionResetError):  # nobody listens any more
        await response.prepare(request)
        await response.write(b"".join(held))
        async for block in blocks:
            await response.write(block)
        await response.write(b"\n")
        await response.write_eof()
    return response
