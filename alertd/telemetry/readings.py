"""What the rest of alertd reads off itself for metrics and health: plain values of one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupReading:
    """One rule group after its newest evaluation.

    key           `FILE;GROUP`
    iterations    slots evaluated since the start
    missed        slots left out since the start
    samples       series the newest evaluation's queries answered with
    rule_seconds  how long each rule took, in file order
    alerts        number of alerts by state (`pending`, `firing`)
    """

    key: str
    interval: timedelta
    rules: int
    evaluated_at: datetime | None = None
    seconds: float = 0.0
    iterations: int = 0
    missed: int = 0
    samples: int = 0
    failed_rules: int = 0
    rule_seconds: tuple[float, ...] = ()
    alerts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxReading:
    """What waits to be delivered.

    depth    deliveries by state (`queued`, `leased`, `dead`)
    oldest   how long the oldest undelivered one has been waiting since it was first due; None when nothing waits
    """

    depth: Mapping[str, int] = field(default_factory=dict)
    oldest: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryReading:
    """What was asked of one source since its configuration was loaded.

    needs     expressions that rules wanted
    shared    of these, answered by what another rule had asked
    requests  queries sent; `failed`: of these, without a usable answer; `seconds`: what they took, summed
    joined    expressions that travelled with others in one query
    samples   series received
    """

    source: str
    needs: int = 0
    shared: int = 0
    requests: int = 0
    failed: int = 0
    seconds: float = 0.0
    joined: int = 0
    samples: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueReading:
    """What was sent to one target since its configuration was loaded.

    sent, waiting, dropped   samples or alerts; dropped ones by reason
    retries                  requests that failed and were made again
    """

    target: str
    sent: int = 0
    waiting: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    requests: int = 0
    retries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficReading:
    """What goes out to other servers, but notifications."""

    queries: Sequence[QueryReading] = ()
    remote_write: Sequence[QueueReading] = ()
    alertmanagers: Sequence[QueueReading] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertmanagerReading:
    """What alertd is as an Alertmanager.

    api_version      the version of Alertmanager whose API is spoken
    alerts           number by state (`active`, `suppressed`); own and posted ones, as they are told of
    silences         number by state
    received         posted alerts since the start, by what they were (`firing`, `resolved`); invalid: refused ones
    suppressed       alerts left out of notifications since the start, by reason (`silence`)
    cleanings        of the store since the start; failed_cleanings: of these, those that failed
    groups           aggregation groups
    config_taken     whether the newest load of the configuration succeeded; config_taken_at: when one last did
    config_hash      a number that is another one for another configuration
    """

    api_version: str
    alerts: Mapping[str, int]
    silences: Mapping[str, int]
    received: Mapping[str, int]
    invalid: int
    suppressed: Mapping[str, int]
    cleanings: int
    failed_cleanings: int
    groups: int
    receivers: int
    integrations: int
    config_taken: bool
    config_taken_at: datetime
    config_hash: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastReading:
    """What became of forecasts that looked so far ahead, of all projection rules together, over periods that have ended.

    horizon    steps that were left (days of a month, hours of a day): `1`, `2-3`, `4-7`, ...
    level      the probability with which the intervals are meant to hold; coverage: the share that held
    errors     |forecast - actual| / actual, by scope and period
    brier      mean square of the probability of passing the limit, less the outcome
    """

    horizon: str
    level: float
    coverage: float
    errors: Sequence[float]
    brier: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessReading:
    """This process; None where the machine does not say."""

    cpu_seconds: float
    resident_bytes: int | None = None
    open_fds: int | None = None
    max_fds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReading:
    """How full the machine is, in percent; None where the machine does not say (a sandbox may hide it)."""

    cpu_percent: float | None = None
    memory_percent: float | None = None
    disk_percent: float | None = None
