"""Settings as one object: what they say together."""

from typing import Any

from bot.config.settings import Settings


def test_every_secret_is_named_for_the_log_to_leave_out() -> None:
    values: dict[str, Any] = {
        "bot_token": "123456:ABC-DEF",
        "webhook_secret": "secret-of-telegram",
        "sources": {
            "office": {"kind": "webhook", "token": "token-of-office"},
            "pbx": {"kind": "asterisk", "token": "token-of-pbx"},
            "closed": {"kind": "webhook"},
        },
    }
    assert sorted(Settings(_env_file=None, **values).secrets()) == [
        "123456:ABC-DEF",
        "secret-of-telegram",
        "token-of-office",
        "token-of-pbx",
    ]
