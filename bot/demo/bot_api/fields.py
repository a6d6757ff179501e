"""The field table of Bot API 10.3: every request is read and checked against it first.

`bot_api.json` lists for each method and type the fields with their types and whether they are
required, in the words of the documentation: "Array of String", "Integer or String".
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bot.demo.bot_api.errors import OWN_WORDS, ApiError, bad_request, inside

# JSON as it came: nothing is known of a value until the table has checked it.
JsonObject = dict[str, Any]

TRUE = {"true", "1", "yes"}
FALSE = {"false", "0", "no", ""}
MISSING_WORDS = {
    "chat_id": "chat_id is empty",
    "from_chat_id": "chat_id is empty",
    "user_id": "invalid user_id specified",
    "text": "message text is empty",
    "message_id": "message identifier is not specified",
    "message_ids": "message identifiers are not specified",
    "callback_query_id": "query is too old and response timeout expired or query ID is invalid",
    "inline_query_id": "query is too old and response timeout expired or query ID is invalid",
    "file_id": "file_id not specified",
    "media": "there is no media in the request",
    "photo": "there is no photo in the request",
    "document": "there is no document in the request",
    "audio": "there is no audio in the request",
    "voice": "there is no voice in the request",
    "video": "there is no video in the request",
    "video_note": "there is no video note in the request",
    "animation": "there is no animation in the request",
    "sticker": "there is no sticker in the request",
    "action": "wrong parameter action in request",
    "phone_number": "phone number must be non-empty",
    "first_name": "first name must be non-empty",
}
MARKUP_KEYS = {
    "inline_keyboard": "InlineKeyboardMarkup",
    "keyboard": "ReplyKeyboardMarkup",
    "remove_keyboard": "ReplyKeyboardRemove",
    "force_reply": "ForceReply",
}
CONTENT_KEYS = {
    "message_text": "InputTextMessageContent",
    "rich_message": "InputRichMessageContent",
    "address": "InputVenueMessageContent",
    "latitude": "InputLocationMessageContent",
    "phone_number": "InputContactMessageContent",
    "payload": "InputInvoiceMessageContent",
}
RESULT_TYPES = {
    "article": ("Article",),
    "photo": ("Photo", "CachedPhoto"),
    "gif": ("Gif", "CachedGif"),
    "mpeg4_gif": ("Mpeg4Gif", "CachedMpeg4Gif"),
    "video": ("Video", "CachedVideo"),
    "audio": ("Audio", "CachedAudio"),
    "voice": ("Voice", "CachedVoice"),
    "document": ("Document", "CachedDocument"),
    "location": ("Location",),
    "venue": ("Venue",),
    "contact": ("Contact",),
    "game": ("Game",),
    "sticker": ("CachedSticker",),
}
"""The types InlineQueryResult... that an inline result of a `type` may be of."""
IN_RESULT = "can't parse inline query result"
KEYBOARD_EXPECTED = "inline keyboard expected"
# Required by the table, but an empty value has a meaning.
CHECKED_BY_METHOD = {"setWebhook": {"url"}}


@dataclass(frozen=True)
class Upload:
    """A file that came in the request's own body."""

    name: str
    content: bytes
    mime_type: str | None = None


@dataclass(frozen=True)
class Args:
    """A request's parameters, already of the types the field table names."""

    method: str
    values: Mapping[str, Any]
    uploads: Mapping[str, Upload]

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def text(self, name: str) -> str:
        value = self.values.get(name)
        return "" if value is None else str(value)

    def find_text(self, name: str) -> str | None:
        value = self.values.get(name)
        return None if value is None else str(value)

    def integer(self, name: str, default: int = 0) -> int:
        value = self.values.get(name)
        return default if value is None else int(value)

    def flag(self, name: str) -> bool:
        return bool(self.values.get(name, False))

    def find_object(self, name: str) -> JsonObject | None:
        value: JsonObject | None = self.values.get(name)
        return value

    def items(self, name: str) -> list[Any]:
        return list(self.values.get(name) or ())

    def upload(self, name: str) -> Upload | None:
        """The file given as a part of that name, or by `attach://name`."""
        value = self.values.get(name)
        if isinstance(value, Upload):
            return value
        return self.attached(value) if isinstance(value, str) else None

    def attached(self, reference: str) -> Upload | None:
        if not reference.startswith("attach://"):
            return None
        upload = self.uploads.get(reference.removeprefix("attach://"))
        if upload is None:
            raise bad_request(f"file {reference} is not in the request {OWN_WORDS}")
        return upload


class UnknownFieldError(ApiError):
    """A parameter or field that Bot API 10.3 does not have; Telegram would silently ignore it."""

    def __init__(self, name: str, owner: str) -> None:
        super().__init__(400, f'unknown field "{name}" of {owner} {OWN_WORDS}')


class FieldTable:
    def __init__(self, table: JsonObject) -> None:
        self.methods: dict[str, dict[str, JsonObject]] = table["methods"]
        self.types: dict[str, dict[str, JsonObject]] = table["types"]
        self._by_lowered_name = {name.lower(): name for name in self.methods}

    def find_method(self, name: str) -> str | None:
        """The method's real name: Telegram does not mind the case."""
        return self._by_lowered_name.get(name.lower())

    def check_method(self, name: str) -> None:
        """For tests, where a misspelt method would only be waited for in vain."""
        if name not in self.methods:
            raise ValueError(f"Bot API has no method {name}")

    def read(self, method: str, values: Mapping[str, Any], uploads: Mapping[str, Upload]) -> Args:
        """The parameters as their declared types; ApiError 400 for what does not fit."""
        fields = self.methods[method]
        known: JsonObject = {}
        for name, value in {**values, **uploads}.items():
            if name not in fields:
                if name in uploads and _is_attached(name, values):
                    continue
                raise UnknownFieldError(name, method)
            if value is not None:
                known[name] = self._value(value, fields[name]["type"], where=name)
        for name, field in fields.items():
            missing = name not in known or known[name] == ""
            if field["required"] and missing and name not in CHECKED_BY_METHOD.get(method, ()):
                raise bad_request(
                    MISSING_WORDS.get(name, f'parameter "{name}" is required {OWN_WORDS}')
                )
        return Args(method, known, uploads)

    def _value(self, value: Any, declared: str, *, where: str) -> Any:
        if declared == "Integer or String":
            return _integer(value) if re.fullmatch(r"-?\d+", str(value)) else str(value)
        if declared == "InputFile or String":
            return value if isinstance(value, (Upload, str)) else _wrong(where, declared)
        if declared == "InputFile":
            return value if isinstance(value, (Upload, str)) else _wrong(where, declared)
        if isinstance(value, Upload):
            return value.content.decode("utf-8", "replace")
        if declared == "String":
            return value if isinstance(value, str) else _plain(value, where)
        if declared == "Integer":
            number = _integer(value)
            return number if number is not None else _wrong(where, declared)
        if declared in {"Boolean", "True"}:
            return _boolean(value, where)
        if declared == "Float":
            try:
                return float(value)
            except (TypeError, ValueError):
                return _wrong(where, declared)
        return self._compound(value, declared, where=where)

    def _compound(self, value: Any, declared: str, *, where: str) -> Any:
        if declared == "KeyboardButton" and isinstance(value, str):
            return {"text": value}
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError:
                raise _not_json(where, declared) from None
        if declared.startswith("Array of "):
            if not isinstance(value, list):
                raise _not_json(where, declared)
            inner = declared.removeprefix("Array of ")
            return [self._value(one, inner, where=where) for one in value]
        if not isinstance(value, dict):
            raise _not_json(where, declared)
        if declared == "InlineQueryResult":
            return self._inline_result(value, where=where)
        chosen = self._choose(value, declared, where=where)
        return self._object(value, chosen, where=where)

    def _object(self, value: JsonObject, name: str, *, where: str) -> JsonObject:
        fields = self.types[name]
        read: JsonObject = {}
        for key, inner in value.items():
            if key not in fields:
                raise UnknownFieldError(key, f"{name} in {where}")
            if inner is not None:
                read[key] = self._value(inner, fields[key]["type"], where=f"{where}.{key}")
        for key, field in fields.items():
            if field["required"] and key not in read:
                raise bad_request(_cannot_find(key, name))
        return read

    def _inline_result(self, value: JsonObject, *, where: str) -> JsonObject:
        """A result of answerInlineQuery, with what is wrong in it said of the result."""
        kind = str(value.get("type", "")).lower()
        if "type" in value and kind not in RESULT_TYPES:
            raise bad_request(
                f'{IN_RESULT}: type "{kind}" is unsupported for the inline query result'
            )
        try:
            for key in ("type", "id"):
                if key not in value:
                    raise bad_request(_cannot_find(key, "InlineQueryResult"))
            names = [f"InlineQueryResult{part}" for part in RESULT_TYPES[kind]]
            fitting = [name for name in names if value.keys() <= self.types[name].keys()]
            return self._object(value, [*fitting, *names][0], where=where)
        except UnknownFieldError:
            raise
        except ApiError as error:
            if error.description.endswith(KEYBOARD_EXPECTED):  # tdlib looks at that later
                raise
            raise inside(error, IN_RESULT) from error

    def _choose(self, value: JsonObject, declared: str, *, where: str) -> str:
        """The declared type that this object is of, by its keyboard or its `type`."""
        names = [name for name in re.split(r", | or | and ", declared) if name]
        if "InlineKeyboardMarkup" in names:
            for key, name in MARKUP_KEYS.items():
                if key in value:
                    if name not in names:
                        raise bad_request(KEYBOARD_EXPECTED)
                    return name
            raise bad_request("can't parse reply keyboard markup JSON object")
        if declared == "InputMessageContent":
            for key, name in CONTENT_KEYS.items():
                if value.get(key):
                    return name
            raise bad_request("input message content is not specified")
        if len(names) == 1 and self.types[names[0]]:
            return names[0]
        if len(names) == 1:
            base = names[0]
            names = [name for name in self.types if name.startswith(base) and name != base]
        kind = str(value.get("type", value.get("source", ""))).replace("_", "")
        for name in sorted(names, key=len):
            if kind and name.lower().endswith(kind.lower()):
                return name
        raise bad_request(f'"{where}" has no known type {OWN_WORDS}')


@cache
def field_table() -> FieldTable:
    path = Path(__file__).with_name("bot_api.json")
    return FieldTable(json.loads(path.read_text(encoding="utf-8")))


def _is_attached(name: str, values: Mapping[str, Any]) -> bool:
    return any(f"attach://{name}" in str(value) for value in values.values())


def _integer(value: Any) -> int | None:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        return None
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def _boolean(value: Any, where: str) -> Any:
    if isinstance(value, bool):
        return value
    lowered = str(value).lower()
    if lowered in TRUE or lowered in FALSE:
        return lowered in TRUE
    return _wrong(where, "Boolean")


def _plain(value: Any, where: str) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and "." not in where:
        return str(value)
    _wrong(where, "String")
    return ""


def _wrong(where: str, declared: str) -> Any:
    owner, _, name = where.rpartition(".")
    if owner.endswith(("inline_keyboard", "keyboard")):
        kind = "inline keyboard" if owner.endswith("inline_keyboard") else "keyboard"
        raise bad_request(f'can\'t parse {kind} button: Field "{name}" must be of type {declared}')
    if owner.startswith("results"):
        raise bad_request(f'Field "{name}" must be of type {declared}')
    raise bad_request(f'field "{where}" must be of type {declared}')


def _not_json(where: str, declared: str) -> ApiError:
    if where.startswith("reply_markup"):
        if declared.endswith("InlineKeyboardButton"):
            return bad_request(
                "can't parse inline keyboard button: InlineKeyboardButton must be an Object"
            )
        return bad_request("can't parse reply keyboard markup JSON object")
    if where == "results":
        is_one = declared == "InlineQueryResult"
        return bad_request(
            f"{IN_RESULT}: Inline query result must be an object"
            if is_one
            else "expected an Array of inline query results"
        )
    if declared == "InlineQueryResultsButton":
        return bad_request("can't parse inline query results button JSON object")
    return bad_request(f"can't parse {where} JSON object")


def _cannot_find(key: str, owner: str) -> str:
    if owner == "InlineKeyboardButton":
        return f"can't parse inline keyboard button: Can't find field \"{key}\""
    if owner == "KeyboardButton":
        return f"can't parse keyboard button: Can't find field \"{key}\""
    if owner == "InlineQueryResultsButton":
        return f"can't parse inline query results button: Can't find field \"{key}\""
    if owner.startswith("InlineQueryResult"):
        # a result without a content has the text in itself, as in the first Bot API
        return f'can\'t find field "{"message_text" if key == "input_message_content" else key}"'
    return f"can't parse {owner}: Can't find field \"{key}\""
