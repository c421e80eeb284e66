from pathlib import Path

import pytest

from alertd.config.load import examine

CONFIG = "route: {receiver: a}\nreceivers:\n- name: a\n  pagerduty_configs: [{routing_key_file: KEY}]\n"


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The folder of the configuration, and the one alertd is started in."""
    beside, here = tmp_path / "etc", tmp_path / "run"
    beside.mkdir()
    here.mkdir()
    monkeypatch.chdir(here)
    return beside, here


def key_file(beside: Path, name: str) -> tuple[Path | None, list[str]]:
    """Where the key is read, and what is told about it."""
    path = beside / "alertd.yml"
    path.write_text(CONFIG.replace("KEY", name))
    found = examine(path, environment={})
    assert found.config is not None
    secret = found.config.receivers[0].pagerduty_configs[0].routing_key_file
    assert secret is not None
    return secret.file, [f"{problem.line}:{problem.column} {problem.message}" for problem in found.problems]


def test_a_relative_path_begins_beside_the_configuration(folders: tuple[Path, Path]) -> None:
    for folder in folders:
        (folder / "key").write_text("k")
    assert key_file(folders[0], "key") == (folders[0] / "key", [])


def test_else_where_alertmanager_would_look_for_it(folders: tuple[Path, Path]) -> None:
    (folders[1] / "key").write_text("k")
    assert key_file(folders[0], "key") == (
        folders[1] / "key",
        ['4:42 file "key" is taken from the folder alertd was started in, as Alertmanager would'],
    )


def test_a_file_that_is_not_there_may_still_come(folders: tuple[Path, Path]) -> None:
    assert key_file(folders[0], "key") == (folders[0] / "key", ['4:42 file "key" is not there'])


def test_an_absolute_path_is_what_it_is(folders: tuple[Path, Path]) -> None:
    (folders[1] / "key").write_text("k")
    assert key_file(folders[0], str(folders[1] / "key")) == (folders[1] / "key", [])
