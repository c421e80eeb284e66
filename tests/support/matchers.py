"""Matchers and label sets for laws: few names and values, so that they meet."""

from __future__ import annotations

from hypothesis import strategies as st

from alertd.labels import LabelSet
from alertd.labels.matcher import Matcher, Op

NAMES = st.sampled_from(["a", "b", "c"])
VALUES = st.sampled_from(["", "1", "2", "12"])
PATTERNS = st.sampled_from(["", "1", "1|2", "(1|2)", "1.*", ".*", ".+", "[12]+", "|1", "(?i)A"])
EQUALITIES = st.builds(Matcher, NAMES, st.sampled_from([Op.EQUAL, Op.NOT_EQUAL]), VALUES)
REGEXES = st.builds(Matcher, NAMES, st.sampled_from([Op.REGEX, Op.NOT_REGEX]), PATTERNS)
MATCHERS = st.one_of(EQUALITIES, REGEXES)
MATCHER_LISTS = st.lists(MATCHERS, max_size=3).map(tuple)
LABEL_SETS = st.dictionaries(NAMES, VALUES).map(LabelSet)
