"""The body of a Slack message: Alertmanager's, key by key; and texts that Slack takes for what they are."""

from __future__ import annotations

import re

import msgspec

from alertd.notify.digest import Digest
from alertd.notify.message import Status
from alertd.receivers.go_json import encode
from alertd.receivers.limits import MARK, cut
from alertd.receivers.rendering import Text
from alertd.receivers.slack_settings import MARKUP_IN, SlackAction, SlackConfirm, SlackField, SlackSettings

TITLE_CHARACTERS = 1024
FOOTER_CHARACTERS = 300
TEXT_CHARACTERS = 30_000  # beyond 40,000 in all Slack refuses the message
MOST_ACTIONS = 5
LONGEST_LINK = 3000
_NAME_CHARACTERS = 300

_OPEN_LINK = re.compile(r"<(?:[!@#]|\w+:)[^<>]*\Z")


class Field(msgspec.Struct, kw_only=True, omit_defaults=True):
    title: str = ""
    value: str = ""
    short: bool


class Confirm(msgspec.Struct, kw_only=True, omit_defaults=True):
    text: str = ""
    title: str = ""
    ok_text: str = ""
    dismiss_text: str = ""


class Action(msgspec.Struct, kw_only=True, omit_defaults=True):
    type: str = ""
    text: str = ""
    url: str = ""
    style: str = ""
    name: str = ""
    value: str = ""
    confirm: Confirm | None = None


class Attachment(msgspec.Struct, kw_only=True, omit_defaults=True):
    title: str = ""
    title_link: str = ""
    pretext: str = ""
    text: str
    fallback: str
    callback_id: str
    fields: list[Field] = []
    actions: list[Action] = []
    image_url: str = ""
    thumb_url: str = ""
    footer: str
    color: str = ""
    mrkdwn_in: list[str] = []


class SlackMessage(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What is posted; an empty key without meaning is left out, as Alertmanager does."""

    channel: str = ""
    username: str = ""
    icon_emoji: str = ""
    icon_url: str = ""
    link_names: bool = False
    text: str = ""
    attachments: list[Attachment] = []


def message_body(settings: SlackSettings, text: Text, *, chart: str = "") -> bytes:
    """The message with every template rendered; raises TemplateError.

    chart   the picture it shows unless the settings say which
    """
    attachment = Attachment(
        title=cut(text(settings.title), TITLE_CHARACTERS),
        title_link=text(settings.title_link),
        pretext=cut_markup(text(settings.pretext), TEXT_CHARACTERS),
        text=cut_markup(text(settings.text), TEXT_CHARACTERS),
        fallback=cut_markup(text(settings.fallback), TEXT_CHARACTERS),
        callback_id=text(settings.callback_id),
        fields=[_field(one, text, short=settings.short_fields) for one in settings.fields],
        actions=_actions(settings, text),
        image_url=text(settings.image_url) or chart,
        thumb_url=text(settings.thumb_url),
        footer=cut_markup(text(settings.footer), FOOTER_CHARACTERS),
        color=text(settings.color),
        mrkdwn_in=list(settings.mrkdwn_in or MARKUP_IN),
    )
    return encode(
        SlackMessage(
            channel=text(settings.channel),
            username=text(settings.username),
            icon_emoji=text(settings.icon_emoji),
            icon_url=text(settings.icon_url),
            link_names=settings.link_names,
            text=cut_markup(text(settings.message_text), TEXT_CHARACTERS),
            attachments=[attachment],
        )
    )


def plain_body(text: str, *, channel: str = "") -> bytes:
    """A message of nothing but text, which is shown as it is."""
    return encode(SlackMessage(channel=channel, text=cut(escape(text), TEXT_CHARACTERS)))


def digest_body(digest: Digest, *, channel: str) -> bytes:
    """A digest: each group is a link to its alerts."""
    groups = [f"<{group.url}|{escape(cut(group.name, _NAME_CHARACTERS))}>: {group.counts}" for group in digest.groups]
    lines = [*map(escape, digest.facts), *groups, *filter(None, [digest.more])]
    attachment = Attachment(
        title=digest.title,
        title_link=digest.url,
        text=cut_markup("\n".join(lines), TEXT_CHARACTERS),
        fallback=f"{digest.title} | {digest.url}",
        callback_id="",
        footer="",
        color="danger" if digest.status is Status.FIRING else "good",
        mrkdwn_in=list(MARKUP_IN),
    )
    return encode(SlackMessage(channel=channel, attachments=[attachment]))


def escape(text: str) -> str:
    """`text` so that Slack shows it as it is."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """The text that `escape` made this of."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def cut_markup(text: str, characters: int) -> str:
    """`text` cut like any other, but never inside `<a link|of Slack>`."""
    if len(text) <= characters:
        return text
    return _OPEN_LINK.sub("", text[: characters - 1]) + MARK


def _field(field: SlackField, text: Text, *, short: bool) -> Field:
    return Field(title=text(field.title), value=text(field.value), short=short if field.short is None else field.short)


def _actions(settings: SlackSettings, text: Text) -> list[Action]:
    actions = [_action(one, text) for one in settings.actions]
    return [one for one in actions if len(one.url) <= LONGEST_LINK][:MOST_ACTIONS]


def _action(action: SlackAction, text: Text) -> Action:
    made = Action(type=text(action.type), text=text(action.text), url=text(action.url), style=text(action.style))
    if not action.url:
        made.name, made.value = text(action.name), text(action.value)
        made.confirm = _confirm(action.confirm, text) if action.confirm else None
    return made


def _confirm(confirm: SlackConfirm, text: Text) -> Confirm:
    return Confirm(
        text=text(confirm.text),
        title=text(confirm.title),
        ok_text=text(confirm.ok_text),
        dismiss_text=text(confirm.dismiss_text),
    )
