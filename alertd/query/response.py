"""What Prometheus' `/api/v1/query` answers -> `SeriesBatch`, or the `QueryError` it stands for. No I/O.

Label sets are interned by the bytes they arrive as: in the hot path a series costs one dictionary look-up, and equal
label sets of different answers are one object.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Generic, TypeVar

import msgspec

from alertd.deferred import np
from alertd.errors import QueryError
from alertd.http import HttpAnswer
from alertd.labels import LabelSet
from alertd.query.batch import F64, SeriesBatch
from alertd.query.recent import Recent
from alertd.query.source import SourceOverloadedError, SourceUnavailableError

NOT_A_VECTOR = "rule result is not a vector or scalar"

# Annotations of the engine say that an expression is odd, not that the answer is incomplete.
_ENGINE_REMARKS = ("PromQL warning", "PromQL info")
_OUR_PARAMETER = 'invalid parameter "query": '  # how we asked is no business of whoever wrote the expression
_OWN_FAULT = frozenset({400, 413, 414, 422, 500})  # of the expression, when the answer is Prometheus' JSON
_GAVE_UP = frozenset({408, 429, 503, 504})


V = TypeVar("V", str, float)


class _Sample(msgspec.Struct, Generic[V], array_like=True, gc=False):
    at: float
    value: V


class _Element(msgspec.Struct, Generic[V], gc=False):
    metric: msgspec.Raw
    value: _Sample[V] | None = None


class _Vector(msgspec.Struct, Generic[V], tag_field="resultType", tag="vector"):
    result: list[_Element[V]]


class _Scalar(msgspec.Struct, Generic[V], tag_field="resultType", tag="scalar"):
    result: _Sample[V]


class _Matrix(msgspec.Struct, tag_field="resultType", tag="matrix"):
    result: msgspec.Raw


class _String(msgspec.Struct, tag_field="resultType", tag="string"):
    result: msgspec.Raw


class _Answer(msgspec.Struct, Generic[V], rename={"is_partial": "isPartial"}):
    data: _Vector[V] | _Scalar[V] | _Matrix | _String
    warnings: list[str] = []
    is_partial: bool = False


class _Status(msgspec.Struct):
    status: str
    error: str = ""


_DECODE_TEXTS = msgspec.json.Decoder(_Answer[str])
_DECODE_NUMBERS = msgspec.json.Decoder(_Answer[float], strict=False)  # reads a float64 out of its text
_MINUS_ZERO = b'"-0"'
_DECODE_STATUS = msgspec.json.Decoder(_Status)
_DECODE_LABELS = msgspec.json.Decoder(dict[str, str])


class LabelSets:
    """Interns label sets: by the JSON they came as, and by value."""

    def __init__(self, size: int = 100_000) -> None:
        self._by_json: Recent[bytes, LabelSet] = Recent(size)
        self._by_value: Recent[LabelSet, LabelSet] = Recent(size)

    def of(self, raws: Iterable[msgspec.Raw]) -> tuple[LabelSet, ...]:
        """The label sets of JSON objects; raises msgspec.DecodeError."""
        keys = list(map(bytes, raws))
        return tuple(self._by_json.all(keys) or map(self._one, keys))

    def _one(self, key: bytes) -> LabelSet:
        found = self._by_json.get(key)
        if found is None:
            found = self._interned(LabelSet(_DECODE_LABELS.decode(key)))
            self._by_json.put(key, found)
        return found

    def _interned(self, labels: LabelSet) -> LabelSet:
        known = self._by_value.get(labels)
        if known is not None:
            return known
        self._by_value.put(labels, labels)
        return labels


def read_answer(answer: HttpAnswer, *, at: datetime, labels: LabelSets, allow_partial: bool) -> SeriesBatch:
    """The series of an answer; raises QueryError (see `Source.instant`) for everything that is not one."""
    if answer.truncated:
        raise QueryError(f"the answer is larger than {len(answer.body)} bytes; aggregate the expression")
    if not answer.ok:
        raise failure(answer)
    try:
        decoded, batch = _read(answer.body, at=at, labels=labels)
    except (msgspec.DecodeError, ValueError):
        raise failure(answer) from None
    if not allow_partial:
        _refuse_partial(decoded)
    return batch


def _read(body: bytes, *, at: datetime, labels: LabelSets) -> tuple[_Answer[float] | _Answer[str], SeriesBatch]:
    """The answer, its numbers read on the way where msgspec knows how: it neither knows `+Inf` nor the sign of `-0`."""
    with suppress(msgspec.ValidationError):
        answer = _DECODE_NUMBERS.decode(body)
        batch = _batch(answer, at=at, labels=labels)
        if batch.values.all() or _MINUS_ZERO not in body:
            return answer, batch
    told = _DECODE_TEXTS.decode(body)
    return told, _batch(told, at=at, labels=labels)


def _batch(answer: _Answer[float] | _Answer[str], *, at: datetime, labels: LabelSets) -> SeriesBatch:
    match answer.data:
        case _Vector(elements):
            sets = labels.of([element.metric for element in elements])
            return SeriesBatch(labels=sets, values=_values(elements), at=at, warnings=tuple(answer.warnings))
        case _Scalar(sample):
            batch = SeriesBatch.scalar(float(sample.value), at=at)
            return SeriesBatch(labels=batch.labels, values=batch.values, at=at, warnings=tuple(answer.warnings))
        case _:
            raise QueryError(NOT_A_VECTOR)


def _values(elements: Sequence[_Element[float] | _Element[str]]) -> F64:
    samples = [element.value for element in elements if element.value is not None]
    if len(samples) < len(elements):
        raise QueryError(
            "the result holds native histograms; take a number from them, such as histogram_quantile or histogram_count"
        )
    return np.array([sample.value for sample in samples], dtype=np.float64)


def _refuse_partial(answer: _Answer[float] | _Answer[str]) -> None:
    doubts = [warning for warning in answer.warnings if not warning.startswith(_ENGINE_REMARKS)]
    if doubts or answer.is_partial:
        why = "; ".join(doubts)[:300] or "the source marked it isPartial"
        raise SourceOverloadedError(f"partial answer: {why} (allow_partial: true would use it)")


def failure(answer: HttpAnswer) -> QueryError:
    """What an answer that is no result stands for.

    Decided by the HTTP status, since VictoriaMetrics puts the status where Prometheus has an error type. The text is
    the source's own; of a page that is no JSON, its beginning.
    """
    try:
        said = _DECODE_STATUS.decode(answer.body)
    except msgspec.DecodeError:
        said = None
    if said is not None and said.error:
        if answer.status in _OWN_FAULT or answer.ok:
            return QueryError(said.error.removeprefix(_OUR_PARAMETER))
        return _unavailable(answer.status, said.error)
    if answer.status in _REMEDIES:
        return _unavailable(
            answer.status, f"HTTP {answer.status}: {answer.excerpt()}".rstrip(": ") + _REMEDIES[answer.status]
        )
    return _unavailable(
        answer.status, f"HTTP {answer.status}, not an answer of Prometheus: {answer.excerpt()}".rstrip()
    )


_REMEDIES = {
    401: "; credentials are missing or wrong: see basic_auth and authorization of this source under prometheus:",
    403: "; these credentials may not ask: see basic_auth and authorization of this source under prometheus:",
    404: "; no Prometheus is at this address: see url of this source under prometheus:, path prefix included",
}
"""What to do, by status."""


def _unavailable(status: int, text: str) -> QueryError:
    return SourceOverloadedError(text) if status in _GAVE_UP else SourceUnavailableError(text)
