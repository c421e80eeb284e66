"""The field types that settings share."""

from __future__ import annotations

from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from alertd.settings import Settings, Share, TimeZone


class Example(Settings):
    share: Share = 0.0
    zone: TimeZone = UTC


@pytest.mark.parametrize(("text", "share"), [("25%", 0.25), ("0", 0.0), ("0%", 0.0), ("12.5 %", 0.125), ("250%", 2.5)])
def test_a_percentage_is_a_share(text: str, share: float) -> None:
    assert Example.model_validate({"share": text}).share == share


@pytest.mark.parametrize("text", ["25", "0.25", "-5%", "much", "", "%", "nan%", "inf%"])
def test_what_is_no_percentage_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="must be a percentage, such as 25%"):
        Example.model_validate({"share": text})


@pytest.mark.parametrize(("name", "zone"), [("UTC", UTC), ("Europe/Berlin", ZoneInfo("Europe/Berlin"))])
def test_a_time_zone_is_named_as_in_the_database(name: str, zone: Any) -> None:
    assert Example.model_validate({"zone": name}).zone == zone


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "Europe"])
def test_a_time_zone_that_there_is_not_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="there is no time zone"):
        Example.model_validate({"zone": name})


def test_what_is_read_is_written_the_same_way() -> None:
    written = Example.model_validate({"share": "25%", "zone": "Europe/Berlin"}).model_dump()
    assert written == {"share": "25%", "zone": "Europe/Berlin"}
