"""alertd's own API: why somebody was told or not, what happened, what was delivered, and tests of receivers.

Answers are JSON objects; an error is `{"error": "..."}`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from http import HTTPStatus

import msgspec
from aiohttp import web

from alertd.api.answers import AnswerError, answering
from alertd.api.parameters import parse_time
from alertd.api.services import OperatorServices
from alertd.engine.teacher import NotTaughtError
from alertd.engine.trial import TooManyTrialsError
from alertd.notify.explain import event_facts
from alertd.notify.history import place_of
from alertd.notify.outbox import FINAL, Delivery, DeliveryState
from alertd.rules.feedback import Feedback

LONGEST_LIST = 10_000

Handler = Callable[[web.Request], Awaitable[object]]


class AlertdV1:
    """Handlers."""

    def __init__(self, services: OperatorServices) -> None:
        self._services = services

    def routes(self, prefix: str) -> list[web.RouteDef]:
        """Every path under `prefix`."""
        own = f"{prefix}/api/alertd/v1"
        return [
            web.get(f"{own}/explain/{{fingerprint}}", answering(self.explain)),
            web.get(f"{own}/history", answering(self.history)),
            web.get(f"{own}/deliveries", answering(self.deliveries)),
            web.post(f"{own}/feedback", answering(self.feedback)),
            web.post(f"{own}/receivers/{{name}}/test", answering(self.test_receiver)),
        ]

    async def explain(self, request: web.Request) -> object:
        """One alert: `notify.explain.Explanation`."""
        fingerprint = request.match_info["fingerprint"]
        explanation = await self._services.explain(fingerprint)
        if explanation is None:
            raise AnswerError(
                f"there is no alert {fingerprint}, and none is remembered; alertd alerts lists those that fire",
                HTTPStatus.NOT_FOUND,
            )
        return explanation

    async def history(self, request: web.Request) -> object:
        """`{"events": [...]}`, newest first; of one alert with `fingerprint=`; `since=` a time, `limit=`."""
        events = await self._services.store.events(
            fingerprint=request.query.get("fingerprint", ""), since=_since(request), limit=_limit(request)
        )
        shown = zip(event_facts(events), events, strict=True)
        return {
            "events": [
                msgspec.to_builtins(facts)
                | {"fingerprint": event.fingerprint, "groupKey": event.group_key, "delivery": event.delivery}
                | {"facts": event.facts}
                for facts, event in shown
            ]
        }

    async def deliveries(self, request: web.Request) -> object:
        """`{"deliveries": [...]}`, newest first; with `state=` only those in it; `limit=`. Without their bodies."""
        deliveries = await self._services.store.deliveries(state=_state(request), limit=_limit(request))
        return {"deliveries": [_delivery(one) for one in deliveries]}

    async def feedback(self, request: web.Request) -> object:
        """`{"fingerprint", "feedback": "expected" | "incident"}` -> the rule that was told, and of how many series."""
        given = _feedback(await request.read())
        try:
            lesson = await self._services.teach(given.fingerprint, given.feedback)
        except NotTaughtError as error:
            raise AnswerError(str(error), HTTPStatus.CONFLICT) from None
        except TimeoutError:
            raise AnswerError("its rules are still being evaluated", HTTPStatus.SERVICE_UNAVAILABLE) from None
        if lesson is None:
            raise AnswerError(f"no rule has an alert {given.fingerprint}", HTTPStatus.NOT_FOUND)
        return lesson

    async def test_receiver(self, request: web.Request) -> object:
        """`{"results": [...]}`: what each integration of the receiver came to; `dryRun=true` sends nothing. 429 when too often."""
        name = request.match_info["name"]
        try:
            trials = await self._services.try_receiver(name, dry_run=request.query.get("dryRun") == "true")
        except TooManyTrialsError as error:
            raise AnswerError(str(error), HTTPStatus.TOO_MANY_REQUESTS, after=error.after) from None
        if trials is None:
            raise AnswerError(f'there is no receiver "{name}"', HTTPStatus.NOT_FOUND)
        return {"results": [trial.document() for trial in trials]}


class _Feedback(msgspec.Struct, forbid_unknown_fields=True):
    fingerprint: str
    feedback: Feedback


def _feedback(body: bytes) -> _Feedback:
    try:
        return msgspec.json.decode(body, type=_Feedback)
    except msgspec.DecodeError as error:
        raise AnswerError(f"feedback: {error}") from None


def _since(request: web.Request) -> datetime | None:
    text = request.query.get("since", "")
    try:
        return parse_time(text) if text else None
    except ValueError as error:
        raise AnswerError(f"since: {error}") from None


def _limit(request: web.Request) -> int:
    text = request.query.get("limit", "100")
    if not text.isdecimal() or not 0 < int(text) <= LONGEST_LIST:
        raise AnswerError(f"limit: must be a number from 1 to {LONGEST_LIST}")
    return int(text)


def _state(request: web.Request) -> DeliveryState | None:
    text = request.query.get("state", "")
    if text and text not in list(DeliveryState):
        raise AnswerError(f'state: there is no "{text}"; there are: {", ".join(DeliveryState)}')
    return DeliveryState(text) if text else None


def _delivery(delivery: Delivery) -> dict[str, object]:
    return {
        "id": delivery.id,
        "receiver": place_of(delivery.stream),
        "groupKey": delivery.stream.group_key,
        "kind": delivery.kind.value,
        "reason": delivery.reason.value,
        "state": delivery.state.value,
        "firing": len(delivery.entry.firing),
        "resolved": len(delivery.entry.resolved),
        "attempts": delivery.attempts,
        "createdAt": delivery.created_at,
        "nextAt": None if delivery.state in FINAL else delivery.next_at,
        "lastError": delivery.last_error,
    }
