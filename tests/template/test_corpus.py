"""Every template that real Go rendered renders the same here.

TEMPLATE_CORPUS names other files (separated by a colon); without it the essential cases in this repository run, and
the whole public corpus where it lies beside the checkout.
"""

from __future__ import annotations

import pytest

from alertd.template import TemplateError
from tests.template.corpus_cases import Case, cases, render


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in cases()])
def test_renders_as_go_does(case: Case) -> None:
    assert outcome_of(case) == {key: case.fields[key] for key in ("expected", "error") if key in case.fields}


def outcome_of(case: Case) -> dict[str, str]:
    """What rendering gives, in the words of the corpus."""
    try:
        return {"expected": render(case)}
    except TemplateError as error:
        return {"error": error.kind}
