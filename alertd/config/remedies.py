"""What is said about keys of alertd.yml that must be given, and about those of Alertmanager that alertd does not have.

Messages are Alertmanager's, which say what is wrong; what to do is said here.
"""

from __future__ import annotations

from collections.abc import Mapping

from alertd.config.model_problems import Remedies
from alertd.receivers.substitutes import APPRISE_URLS, advice

_NAME = "add name: some-name"

REMEDIES: Remedies = {
    "receivers.name": ("missing name in receiver", _NAME),
    "time_intervals.name": ("missing name in time interval", _NAME),
    "mute_time_intervals.name": ("missing name in mute time interval", _NAME),
    "receivers.slack_configs.fields.title": ("missing title in Slack field configuration", ""),
    "receivers.slack_configs.fields.value": ("missing value in Slack field configuration", ""),
    "receivers.slack_configs.actions.type": ("missing type in Slack action configuration", "such as type: button"),
    "receivers.slack_configs.actions.text": ("missing text in Slack action configuration", ""),
    "receivers.email_configs.to": ("missing to address in email config", "such as to: team@example.com"),
    **{f"receivers.{kind}": (f"alertd itself has no {kind}", advice(kind)) for kind in APPRISE_URLS},
}
"""Message and fix by path without indices."""

DEFAULTS: Mapping[str, str] = {
    "no global Slack API URL set either inline or in a file": "give api_url or api_url_file here, or global: slack_api_url",
    "no global SMTP smarthost set": "give smarthost here, or global: smtp_smarthost, such as mail.example.com:587",
    "no global SMTP from set": "give from here, or global: smtp_from, such as alerts@example.com",
}
"""The fix by what is said of an integration that lacks a setting."""
