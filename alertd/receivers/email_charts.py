"""The pictures at the end of a mail: drawn when it is sent, and left out where that takes too long or fails."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import structlog

from alertd.errors import AlertdError
from alertd.receivers.email_message import InlineImage
from alertd.receivers.tools import ChartOf

log = structlog.get_logger(__name__)

CHART_LIMIT = timedelta(seconds=5)
"""For how long a mail waits for its pictures."""


async def charts_of(
    fingerprints: Sequence[str], chart_of: ChartOf, *, unique: str, within: timedelta
) -> list[InlineImage]:
    """The charts of these alerts that there are `within` this time, in the same order; never raises.

    unique   no other mail has it: it becomes part of the pictures' ids
    """
    charts = await asyncio.gather(*(_chart(chart_of, one, within) for one in fingerprints))
    return [
        InlineImage(id=f"{fingerprint}.{unique}@alertd", alt=f"chart of alert {fingerprint}", png=png)
        for fingerprint, png in zip(fingerprints, charts, strict=True)
        if png is not None
    ]


async def _chart(chart_of: ChartOf, fingerprint: str, within: timedelta) -> bytes | None:
    why = "no answer in time"
    try:
        async with asyncio.timeout(within.total_seconds()):
            return await chart_of(fingerprint)
    except TimeoutError:
        pass
    except AlertdError as error:
        why = str(error)
    except Exception as error:  # whatever it is, the mail is more important
        why = type(error).__name__
    log.warning("chart_left_out", alert=fingerprint, error=why, next="the mail goes out without it")
    return None
