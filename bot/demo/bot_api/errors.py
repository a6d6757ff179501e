"""How the Bot API refuses: a code, a description in Telegram's words, parameters."""

PREFIXES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    413: "Request Entity Too Large",
    429: "Too Many Requests",
    500: "Internal Server Error",
    501: "Not Implemented",
}
OWN_WORDS = "(said by the demo server, not by Telegram)"


class ApiError(Exception):
    """A request refused. `str()` gives the description that a bot reads.

    `retry_after` is in seconds; `migrate_to` is the id of the supergroup a group has become.
    """

    def __init__(
        self,
        code: int,
        message: str = "",
        *,
        retry_after: int | None = None,
        migrate_to: int | None = None,
    ) -> None:
        self.code = code
        self.retry_after = retry_after
        self.migrate_to = migrate_to
        prefix = PREFIXES[code]
        self.description = f"{prefix}: {_uncapitalized(message)}" if message else prefix
        super().__init__(self.description)

    def as_json(self) -> dict[str, object]:
        body: dict[str, object] = {
            "ok": False,
            "error_code": self.code,
            "description": self.description,
        }
        if self.retry_after is not None:
            body["parameters"] = {"retry_after": self.retry_after}
        if self.migrate_to is not None:
            body["parameters"] = {"migrate_to_chat_id": self.migrate_to}
        return body


class DroppedError(Exception):
    """Close the connection without an answer."""


def bad_request(message: str) -> ApiError:
    return ApiError(400, message)


def inside(error: ApiError, where: str) -> ApiError:
    """The refusal of a part, said of the whole; one that only this server gives stays as it is."""
    if error.code != 400:
        return error
    words = error.description.removeprefix(f"{PREFIXES[400]}: ")
    return bad_request(f"{where}: {words[:1].upper()}{words[1:]}")


def forbidden(message: str) -> ApiError:
    return ApiError(403, message)


def conflict(message: str) -> ApiError:
    return ApiError(409, message)


def too_many_requests(retry_after: int) -> ApiError:
    return ApiError(429, f"retry after {retry_after}", retry_after=retry_after)


def upgraded(chat_id: int) -> ApiError:
    """Sent for a group that has become a supergroup with this id."""
    message = "group chat was upgraded to a supergroup chat"
    return ApiError(400, message, migrate_to=chat_id)


def _uncapitalized(message: str) -> str:
    """The rule of telegram-bot-api (Client.cpp): codes such as PEER_ID_INVALID are left alone."""
    second = message[1:2]
    if second == "_" or (second.isascii() and second.isupper()):
        return message
    return message[:1].lower() + message[1:]
