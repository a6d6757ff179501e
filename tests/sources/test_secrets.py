"""No secret gets out, whatever is asked and whatever the PBX says back."""

import io
import logging
import traceback
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any

import pytest

from bot.config.settings import Settings
from bot.domain.calls import EndedCall
from bot.domain.errors import SourceError
from bot.domain.secrecy import Hidden
from bot.sources.base import CallSource, DialSource, FeedSource, LateSource, RecordingSource
from bot.sources.http_api import create_client
from bot.sources.registry import create_source
from bot.telemetry.logs import _RedactingFormatter
from tests.support.refusing_server import RefusingServer
from tests.support.statements import NOW

SECRET, KEY = "s3cret/of+the=\"pbx'&~%", "k3y/of+the='pbx&~%"
WAYS = (SECRET, KEY, "s3cret", "k3y/", "k3y%2", "k3y\\/")
ASKED: dict[str, dict[str, str]] = {
    "zadarma": {"key": KEY, "secret": SECRET},
    "binotel": {"key": KEY, "secret": SECRET},
    "unitalk": {"key": KEY},
    "ringostat": {"key": KEY},
    "mikopbx": {"key": KEY},
    "threecx": {"client_id": "dzvinok", "secret": SECRET},
}


async def first_batch(source: CallSource) -> None:
    assert isinstance(source, FeedSource)
    for feed in source.feeds:
        async with aclosing(feed.read(None)) as batches:
            async for _ in batches:
                return


def things_to_ask(source: CallSource) -> list[Callable[[], Awaitable[Any]]]:
    """All that this kind can be asked for."""
    call = EndedCall("in_1", NOW - 900, NOW - 600, 60, has_price=False, has_recording=False)
    found: list[Callable[[], Awaitable[Any]]] = [lambda: first_batch(source)]
    if isinstance(source, FeedSource):
        found.append(source.check)
    if isinstance(source, LateSource):
        found.append(lambda: source.ask_again([call]))
    if isinstance(source, RecordingSource):
        found.append(lambda: source.find_recording("in_1"))
    if isinstance(source, DialSource):
        found.append(lambda: source.dial("101", "+380671234567", ref="dzvinok-1"))
    return found


@pytest.mark.parametrize("kind", ASKED)
@pytest.mark.parametrize("status", [200, 400, 401, 404, 500])
async def test_what_a_pbx_says_back_is_hidden(kind: str, status: int) -> None:
    """In the text of the error, in all that a traceback shows, and in the log, also at DEBUG."""
    settings = Settings(
        _env_file=None, sources={"office": {"kind": kind, "api_url": "http://pbx", **ASKED[kind]}}
    )
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(_RedactingFormatter(settings.secrets(), is_json=False))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    told = ""
    try:
        for before in ("", "x" * 95):
            server = RefusingServer(status, before=before)
            async with server.running() as url, create_client() as http:
                chosen = settings.sources["office"].model_copy(update={"api_url": url})
                source = create_source("office", chosen, http=http, clock=lambda: NOW)
                for ask in things_to_ask(source):
                    try:
                        await ask()
                    except SourceError as error:
                        told += f"{error!r}{error}{''.join(traceback.format_exception(error))}"
                        logging.getLogger("bot.intake").error("failed", exc_info=error)
            assert server.told
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    assert told
    for way in WAYS:
        assert way not in told
        assert way not in written.getvalue()


@pytest.mark.parametrize("is_json", [False, True])
def test_the_log_hides_secrets_in_every_way_of_writing(*, is_json: bool) -> None:
    url = "mysql://dzvinok:p%40ss-word@db.example.com/asteriskcdrdb"
    settings = Settings(
        _env_file=None,
        sources={
            "office": {"kind": "binotel", "key": KEY, "secret": SECRET, "token": "hook-token-1"},
            "pbx": {"kind": "asterisk", "cdr_database_url": url},
        },
    )
    formatter = _RedactingFormatter(settings.secrets(), is_json=is_json)
    message = f"{SECRET} {KEY!r} {url} p@ss-word p%40ss-word /hooks/office/hook-token-1 " + (
        "{'Authorization': 'Bearer k3y%2Fof%2Bthe%3D%27pbx%26~%25'}"
    )
    record = logging.LogRecord("x", logging.DEBUG, "", 1, message, None, None)
    line = formatter.format(record)
    for way in (*WAYS, "ss-word", "hook-token-1"):
        assert way not in line
    assert "/hooks/office/***" in line


def test_nothing_is_hidden_where_there_is_no_secret() -> None:
    assert Hidden([]).hide("as it is") == "as it is"
    assert Hidden([""]).hide("as it is") == "as it is"


def test_settings_that_are_wrong_do_not_show_the_others() -> None:
    with pytest.raises(ValueError, match="CDR_HOST") as caught:
        Settings(_env_file=None, sources={"office": {"kind": "threecx", "secret": SECRET}})
    assert "s3cret" not in str(caught.value)
