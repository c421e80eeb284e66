"""How `alertd run` ends when it fails."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from alertd.cli.run import run_to_its_end
from alertd.errors import AlertdError


async def failing(error: Exception) -> None:
    raise error


def test_what_the_user_can_mend_is_a_text(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run_to_its_end(failing(AlertdError("storage path data: Permission denied")))
    assert ended.value.code == 1
    assert capsys.readouterr().err == "storage path data: Permission denied\n"


def test_a_fault_of_ours_is_an_event_that_a_log_collector_can_read() -> None:
    with capture_logs() as lines, pytest.raises(SystemExit) as ended:
        run_to_its_end(failing(ExceptionGroup("tasks", [TypeError("x")])))
    assert ended.value.code == 1
    assert [(line["event"], line["log_level"], line["exc_info"]) for line in lines] == [
        ("alertd_crashed", "critical", True)
    ]
