"""What every test needs: logs as they were, and laws that judge the code, never the speed of the machine."""

from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

settings.register_profile("alertd", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("alertd")


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """Some tests run verbs of the command line, which set up the logs of the whole process."""
    yield
    structlog.reset_defaults()
