"""How often a destination may be told."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

MaxPerMinute = Annotated[
    int,
    Field(
        ge=0, description="How many attempts its destination may get within a minute; the others wait; 0: any number."
    ),
]
