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
    wanted = case.fields
    try:
        outcome = render(case)
    except TemplateError as error:
        assert wanted.get("error") == error.kind, f"{error!s}; wanted {wanted.get('expected', wanted.get('error_text'))!r}"
        return
    assert "error" not in wanted, f"rendered {outcome!r}; wanted {wanted['error']}: {wanted['error_text']}"
    assert outcome == wanted["expected"]
