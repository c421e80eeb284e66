"""Where state is kept."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from alertd.settings import Settings


class StorageSettings(Settings):
    """`storage:` of the configuration."""

    path: Path = Field(default=Path("data"), description="Folder of the database; made if it is not there.")
