"""Settings as one object: what they say together."""

from pathlib import Path
from typing import Any

import pytest

from bot.config.settings import Settings, load_settings
from bot.domain.errors import StartError


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


@pytest.mark.parametrize(
    "url",
    [
        "https://crm.example.com/?phone={number}",
        "http://10.0.0.5:8069/web#phone={number}",
        "https://[::1]/{number}/calls",
    ],
)
def test_the_page_of_a_client_may_be_anywhere_that_telegram_lets_people_go(url: str) -> None:
    assert Settings(_env_file=None, client_url=url).client_url == url


@pytest.mark.parametrize(
    "url",
    [
        *("https://a.b/?phone=", "https://a.b/{number}{number}", "https://a.b/{number}/{id}"),
        *("https://a.b/{{number}}", "https://{number}.com/", "https://a.b{number}"),
        *("ftp://a.b/{number}", "javascript:alert({number})", "crm.example.com/{number}"),
        *(
            "https://crm/{number}",
            "https://a./{number}",
            "https:///{number}",
            "https://[x/{number}",
        ),
        *("https://a.b:99999/{number}", "https://a.b:0/{number}", "https://u:p@a.b/{number}"),
        *("https://a.b/ {number}", "https://a.b/\u202e{number}"),
    ],
)
def test_a_wrong_page_of_a_client_is_refused_by_the_name_of_the_setting(
    url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With it Telegram would refuse every alert."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLIENT_URL", url)
    with pytest.raises(StartError, match=r"^CLIENT_URL: expected an address like") as refused:
        load_settings()
    assert url not in str(refused.value)
