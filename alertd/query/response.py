"""What Prometheus' `/api/v1/query` answers -> `SeriesBatch`, or the `QueryError` it stands for. No I/O.

Label sets are interned by the bytes they arrive as: in the hot path a series costs one dictionary look-up, and equal
label sets of different answers are one object.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from alertd.deferred import np
from alertd.errors import QueryError
from alertd.http import HttpAnswer
from alertd.labels import LabelSet
from alertd.query.batch import SeriesBatch
from alertd.query.recent import Recent
from alertd.query.source import SourceOverloadedError, SourceUnavailableError

NOT_A_VECTOR = "rule result is not a vector or scalar"

# Annotations of the engine say that an expression is odd, not that the answer is incomplete.
_ENGINE_REMARKS = ("PromQL warning", "PromQL info")
_OWN_FAULT = frozenset({400, 413, 414, 422, 500})  # of the expression, when the answer is Prometheus' JSON
_GAVE_UP = frozenset({408, 429, 503, 504})


class _Element(msgspec.Struct, gc=False):
    metric: msgspec.Raw
    value: tuple[float, str] | None = None


class _Vector(msgspec.Struct, tag_field="resultType", tag="vector"):
    result: list[_Element]


class _Scalar(msgspec.Struct, tag_field="resultType", tag="scalar"):
    result: tuple[float, str]


class _Matrix(msgspec.Struct, tag_field="resultType", tag="matrix"):
    result: msgspec.Raw


class _String(msgspec.Struct, tag_field="resultType", tag="string"):
    result: msgspec.Raw


class _Answer(msgspec.Struct, rename={"is_partial": "isPartial"}):
    data: _Vector | _Scalar | _Matrix | _String
    warnings: list[str] = []
    is_partial: bool = False


class _Status(msgspec.Struct):
    status: str
    error: str = ""


_DECODE_ANSWER = msgspec.json.Decoder(_Answer)
_DECODE_STATUS = msgspec.json.Decoder(_Status)
_DECODE_LABELS = msgspec.json.Decoder(dict[str, str])


class LabelSets:
    """Interns label sets: by the JSON they came as, and by value."""

    def __init__(self, size: int = 100_000) -> None:
        self._by_json: Recent[bytes, LabelSet] = Recent(size)
        self._by_value: Recent[LabelSet, LabelSet] = Recent(size)

    def of(self, raw: msgspec.Raw) -> LabelSet:
        """The label set of a JSON object; raises msgspec.DecodeError."""
        key = bytes(raw)
        found = self._by_json.get(key)
        if found is None:
            found = self._one(LabelSet(_DECODE_LABELS.decode(key)))
            self._by_json.put(key, found)
        return found

    def _one(self, labels: LabelSet) -> LabelSet:
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
        decoded = _DECODE_ANSWER.decode(answer.body)
        batch = _batch(decoded, at=at, labels=labels)
    except (msgspec.DecodeError, ValueError):
        raise failure(answer) from None
    if not allow_partial:
        _refuse_partial(decoded)
    return batch


def _batch(answer: _Answer, *, at: datetime, labels: LabelSets) -> SeriesBatch:
    match answer.data:
        case _Vector(elements):
            sets = tuple([labels.of(element.metric) for element in elements])
            values = np.fromiter(map(_float, elements), np.float64, len(elements))
            return SeriesBatch(labels=sets, values=values, at=at, warnings=tuple(answer.warnings))
        case _Scalar((_, value)):
            batch = SeriesBatch.scalar(float(value), at=at)
            return SeriesBatch(labels=batch.labels, values=batch.values, at=at, warnings=tuple(answer.warnings))
        case _:
            raise QueryError(NOT_A_VECTOR)


def _float(element: _Element) -> float:
    if element.value is None:
        raise QueryError(
            "the result holds native histograms; take a number from them, such as histogram_quantile or histogram_count"
        )
    return float(element.value[1])


def _refuse_partial(answer: _Answer) -> None:
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
            return QueryError(said.error)
        return _unavailable(answer.status, said.error)
    return _unavailable(
        answer.status, f"HTTP {answer.status}, not an answer of Prometheus: {answer.excerpt()}".rstrip()
    )


def _unavailable(status: int, text: str) -> QueryError:
    return SourceOverloadedError(text) if status in _GAVE_UP else SourceUnavailableError(text)
