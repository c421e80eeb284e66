"""The doors for programs: the APIs of Alertmanager (v2) and Prometheus (rules), our own, health and metrics.

In: requests of whom `auth` lets in. Out: what `services` answer, translated. Never: a decision about an alert.
"""
