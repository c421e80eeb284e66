"""`evaluation:` of alertd.yml: defaults of every rule group."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field, field_validator

from alertd.settings import Duration, Settings


class EvaluationSettings(Settings):
    """How rules are evaluated where their group says nothing else."""

    interval: Duration = Field(
        timedelta(minutes=1), description="distance of evaluations of a group without its own interval"
    )
    query_offset: Duration = Field(
        timedelta(0),
        description="how far before its slot an expression is evaluated; for sources whose samples arrive late",
    )
    external_labels: dict[str, str] = Field(
        default_factory=dict,
        description="added to alerts that leave alertd; an alert's own label wins; $externalLabels in templates",
    )
    resend_delay: Duration = Field(
        timedelta(minutes=1), description="how long to wait before an alert is handed on again"
    )
    for_grace_period: Duration = Field(
        timedelta(minutes=10),
        description="after a stop of alertd longer than this, the time it was down does not count toward a rule's `for`",
    )
    outage_tolerance: Duration = Field(
        timedelta(hours=1), description="after a stop longer than this, pending alerts start afresh"
    )

    @field_validator("interval")
    @classmethod
    def _not_zero(cls, value: timedelta) -> timedelta:
        if value <= timedelta(0):
            raise ValueError("must be longer than 0")
        return value
