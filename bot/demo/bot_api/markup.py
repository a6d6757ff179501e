"""Keyboards as Telegram takes them: what a button may be, and the limits of a keyboard."""

from typing import Any

from bot.demo.bot_api.errors import OWN_WORDS, bad_request
from bot.demo.bot_api.fields import JsonObject
from bot.demo.bot_api.formatting.html_parser import checked_link
from bot.demo.bot_api.not_modelled import BUTTON_ACTIONS, not_modelled

MAX_BUTTONS = 100
MAX_BUTTONS_IN_ROW = 8
MAX_CALLBACK_BYTES = 64
MAX_COPY_TEXT = 256
STYLES = {"danger", "success", "primary"}
ACTIONS = (
    "url",
    "callback_data",
    "web_app",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "disabled",
)


def parsed_markup(markup: JsonObject | None) -> JsonObject | None:
    """What tdlib makes of a keyboard: empty rows vanish, and so does an empty inline keyboard."""
    if markup is None:
        return None
    if "inline_keyboard" in markup:
        rows = [[_inline_button(button) for button in row] for row in markup["inline_keyboard"]]
        rows = [row for row in rows if row]
        return {"inline_keyboard": rows} if rows else None
    if "keyboard" in markup:
        rows = [[_reply_button(button) for button in row] for row in markup["keyboard"]]
        return {**markup, "keyboard": [row for row in rows if row]}
    return markup


def check_by_server(markup: JsonObject | None) -> None:
    """Raise what only Telegram's servers refuse, after the chat has been found."""
    if markup is None:
        return
    rows: list[list[JsonObject]] = markup.get("inline_keyboard") or markup.get("keyboard") or []
    if sum(len(row) for row in rows) > MAX_BUTTONS:
        raise bad_request("REPLY_MARKUP_TOO_LONG")
    if any(len(row) > MAX_BUTTONS_IN_ROW for row in rows):
        raise bad_request(f"more than {MAX_BUTTONS_IN_ROW} buttons in a row {OWN_WORDS}")
    for button in all_buttons(markup):
        data = button.get("callback_data")
        if data is not None and len(data.encode()) > MAX_CALLBACK_BYTES:
            raise bad_request("BUTTON_DATA_INVALID")
        copied = button.get("copy_text")
        if copied is not None and not 1 <= len(copied["text"]) <= MAX_COPY_TEXT:
            raise bad_request("BUTTON_COPY_TEXT_INVALID")


def inline_part(markup: JsonObject | None) -> JsonObject | None:
    """The inline keyboard that a Message carries back; reply keyboards are not echoed."""
    return markup if markup is not None and "inline_keyboard" in markup else None


def labels(markup: JsonObject | None) -> list[list[str]]:
    rows = (markup or {}).get("inline_keyboard") or (markup or {}).get("keyboard") or []
    return [[str(button["text"]) for button in row] for row in rows]


def all_buttons(markup: JsonObject | None) -> list[JsonObject]:
    rows = (markup or {}).get("inline_keyboard") or (markup or {}).get("keyboard") or []
    return [button for row in rows for button in row]


def find_button(markup: JsonObject | None, label: str) -> JsonObject:
    """The button of that label, or the only one whose label begins so.

    Raises LookupError, listing the labels there are.
    """
    buttons = all_buttons(markup)
    exact = [button for button in buttons if button["text"] == label]
    similar = exact or [button for button in buttons if button["text"].startswith(label)]
    if not similar:
        raise LookupError(f"no button {label!r}; the keyboard has {labels(markup)}")
    if len(similar) > 1 and not exact:
        raise LookupError(f"{label!r} begins several buttons of {labels(markup)}")
    return similar[0]


def _inline_button(button: JsonObject) -> JsonObject:
    if not button["text"]:
        raise bad_request("inline keyboard button text must be non-empty")
    _check_style(button)
    for unmodelled in BUTTON_ACTIONS:
        if unmodelled in button:
            raise not_modelled(f"button with {unmodelled}")
    action = next((one for one in ACTIONS if _is_set(button.get(one), one)), None)
    if action is None:
        raise bad_request(
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
        )
    kept = {key: value for key, value in button.items() if key not in ACTIONS or key == action}
    if action == "url":
        link = checked_link(button["url"])
        if link is None:
            raise bad_request(
                f"inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL"
            )
        kept["url"] = link
    if action == "web_app":
        address = str(button["web_app"]["url"])
        if not address.startswith("https://") or checked_link(address) is None:
            raise bad_request(
                f"inline keyboard button Web App URL '{address}' is invalid: "
                "Only HTTPS links are allowed"
            )
    return kept


def _is_set(value: Any, action: str) -> bool:
    if value is None:
        return False
    return action.startswith("switch_inline_query") or value != ""


def _reply_button(button: JsonObject) -> JsonObject:
    if not button["text"]:
        raise bad_request("keyboard button text must be non-empty")
    _check_style(button)
    return button


def _check_style(button: JsonObject) -> None:
    if button.get("style") is not None and button["style"] not in STYLES:
        raise bad_request("can't parse inline keyboard button: invalid button style specified")
