"""What every test needs: laws that judge the code and never the speed of the machine they run on."""

from hypothesis import HealthCheck, settings

settings.register_profile("alertd", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("alertd")
