"""`LabelSet`: an immutable, sorted, hashable set of labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

FNV_OFFSET = 14695981039346656037
FNV_PRIME = 1099511628211
_MASK = (1 << 64) - 1
METRIC_NAME = "__name__"


def fingerprint(labels: Mapping[str, str]) -> int:
    """FNV-1a over the labels sorted by name, each name and value followed by byte 0xFF; 64 bits.

    source   prometheus/common model.LabelSet.Fingerprint; printed as 16 hex digits (`LabelSet.fingerprint`)
    """
    digest = FNV_OFFSET
    for byte in fingerprint_bytes((name, labels[name]) for name in sorted(labels)):
        digest = ((digest ^ byte) * FNV_PRIME) & _MASK
    return digest


def fingerprint_bytes(labels: Iterable[tuple[str, str]]) -> bytes:
    """What is hashed, of labels sorted by name."""
    parts = [part.encode() for pair in labels for part in pair]
    return b"\xff".join([*parts, b""])


class LabelSet(Mapping[str, str]):
    """Labels sorted by name, without empty values (an empty value is an absent label in Prometheus).

    Equal label sets are equal and hash alike whatever order they were given in. Hash and fingerprint are computed once.
    """

    __slots__ = ("_fingerprint", "_hash", "_labels")

    def __init__(self, labels: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        is_mapping = type(labels) is dict or isinstance(labels, Mapping)  # most are dict: to ask for Mapping is slow
        items = sorted(labels.items() if is_mapping else labels)  # type: ignore[union-attr]
        found = dict(items)
        if "" in found.values():
            found = {name: value for name, value in found.items() if value}
        self._labels: dict[str, str] = found
        self._hash = hash(tuple(found.items()))
        self._fingerprint: str | None = None

    def __getitem__(self, name: str) -> str:
        return self._labels[name]

    def get(self, name: str, default: str = "") -> str:  # type: ignore[override]
        """The value, or "" when the label is absent: absent and empty are the same."""
        return self._labels.get(name, default)

    def __contains__(self, name: object) -> bool:
        return name in self._labels

    def __iter__(self) -> Iterator[str]:
        return iter(self._labels)

    def __len__(self) -> int:
        return len(self._labels)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if isinstance(other, LabelSet):
            return self._hash == other._hash and self._labels == other._labels
        return NotImplemented

    def __lt__(self, other: LabelSet) -> bool:
        return list(self._labels.items()) < list(other._labels.items())

    def __repr__(self) -> str:
        return "{" + ", ".join(f'{name}="{value}"' for name, value in self._labels.items()) + "}"

    def __reduce__(self) -> tuple[type[LabelSet], tuple[dict[str, str]]]:
        return LabelSet, (self._labels,)

    @property
    def fingerprint(self) -> str:
        """16 hex digits; the same as Alertmanager's for the same labels."""
        if self._fingerprint is None:
            self._fingerprint = f"{fingerprint(self._labels):016x}"
        return self._fingerprint

    def to_dict(self) -> dict[str, str]:
        """A dictionary of its own; quicker than `dict()` of it."""
        return self._labels.copy()

    @property
    def knows_fingerprint(self) -> bool:
        """Whether it has been computed already."""
        return self._fingerprint is not None

    def know_fingerprint(self, digest: int) -> None:
        """Have it from somebody who computed many at once."""
        self._fingerprint = f"{digest:016x}"

    def with_labels(self, labels: Mapping[str, str]) -> LabelSet:
        """These labels with `labels` set over them; an empty value removes the label."""
        return LabelSet({**self._labels, **labels})

    def without(self, *names: str) -> LabelSet:
        """These labels but `names`."""
        return LabelSet({name: value for name, value in self._labels.items() if name not in names})

    def only(self, names: Iterable[str]) -> LabelSet:
        """Those of `names` that are there."""
        return LabelSet([(name, self._labels[name]) for name in names if name in self._labels])


EMPTY = LabelSet()
