"""Label sets and their fingerprints: the identity of series and alerts. Pure values, no I/O."""

from alertd.labels.labelset import EMPTY, LabelSet, fingerprint

__all__ = ["EMPTY", "LabelSet", "fingerprint"]
