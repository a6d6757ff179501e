"""`dzvinok check` and each kind of PBX: one line says what is wrong and what to do, no secret."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from email.utils import formatdate
from pathlib import Path

import pytest
from aiohttp import web

from bot.domain.calls import Reject
from storage.calls import CallRepo
from storage.database import open_database
from storage.rejects import RejectRepo
from tests.support import (
    ami_server,
    binotel_server,
    mikopbx_server,
    ringostat_server,
    threecx_server,
    unitalk_server,
    zadarma_server,
)
from tests.support.mikopbx_server import own_certificate
from tests.support.refusing_server import RefusingServer
from tests.support.running import HOOK_TOKEN
from tests.support.statements import said
from tests.support.terminals import Output, Terminal

Settings = dict[str, str | None]

ASKED: dict[str, Settings] = {
    "zadarma": {"KEY": zadarma_server.KEY, "SECRET": zadarma_server.SECRET},
    "binotel": {"KEY": binotel_server.KEY, "SECRET": binotel_server.SECRET},
    "unitalk": {"KEY": unitalk_server.KEY},
    "ringostat": {"KEY": ringostat_server.KEY},
    "mikopbx": {"KEY": mikopbx_server.KEY, "TOKEN": None},
    "threecx": {"CLIENT_ID": "dzvinok", "SECRET": threecx_server.SECRET, "TOKEN": None},
}
"""Those that are asked over HTTP, with what they know us by."""

NASTY = "n4sty/k3y+of=the%pbx'&~"
"""A secret that JSON, HTML and addresses write in other ways."""


def sources(kind: str, url: str, **changes: str | None) -> Settings:
    chosen = {"KIND": kind, "API_URL": url, **ASKED[kind], **changes}
    return {f"SOURCES__OFFICE__{name}": value for name, value in chosen.items()}


def connection(done: Output) -> str:
    [line] = [line for line in done.lines if line[5:].startswith("connection office: ")]
    return line


def hidden(done: Output, *secrets: str | None) -> bool:
    """Whether none of them is shown, however it is written."""
    shown = done.out + done.err
    return not [one for one in (*secrets, HOOK_TOKEN) if one and one in shown]


@asynccontextmanager
async def right(kind: str) -> AsyncIterator[str]:
    """The address of a PBX of that kind that has no calls yet and answers as documented."""
    async with AsyncExitStack() as stack:
        match kind:
            case "zadarma":
                zadarma = await stack.enter_async_context(zadarma_server.zadarma_server(time.time))
                zadarma.hook_url = f"https://bot.example.com/hooks/office/{HOOK_TOKEN}"
                yield zadarma.url
            case "binotel":
                binotel = await stack.enter_async_context(binotel_server.binotel_server())
                yield binotel.url
            case "unitalk":
                server = unitalk_server.UnitalkServer().running()
                yield f"{await stack.enter_async_context(server)}/api"
            case "ringostat":
                yield await stack.enter_async_context(ringostat_server.RingostatServer().running())
            case "mikopbx":
                yield await stack.enter_async_context(mikopbx_server.MikopbxServer().running())
            case _:
                threecx = threecx_server.ThreeCxServer().running()
                yield (await stack.enter_async_context(threecx)).url


@pytest.mark.parametrize("kind", ASKED)
async def test_all_is_well_with_no_call_yet(online: Terminal, kind: str) -> None:
    async with right(kind) as url:
        done = await online.beside("check", **sources(kind, url))
    assert connection(done).startswith("ok   ")
    assert done.code == 0, done.out
    assert hidden(done, *ASKED[kind].values()) or kind == "threecx"


@pytest.mark.parametrize("kind", [kind for kind in ASKED if "SECRET" in ASKED[kind]])
async def test_a_wrong_secret_is_named(online: Terminal, kind: str) -> None:
    async with right(kind) as url:
        done = await online.beside("check", **sources(kind, url, SECRET="wr0ng-secret"))
    assert done.code == 1
    assert connection(done).startswith("FAIL connection office: ")
    assert "SOURCES__OFFICE__" in connection(done)
    assert "SECRET" in connection(done)
    assert hidden(done, "wr0ng-secret")


@pytest.mark.parametrize("kind", [kind for kind in ASKED if "KEY" in ASKED[kind]])
async def test_a_wrong_key_is_named(online: Terminal, kind: str) -> None:
    async with right(kind) as url:
        done = await online.beside("check", **sources(kind, url, KEY="wr0ng-key"))
    assert done.code == 1
    assert "SOURCES__OFFICE__KEY" in connection(done)
    assert hidden(done, "wr0ng-key")


@pytest.mark.parametrize("kind", ASKED)
@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:9", "cannot be reached: "),
        ("https://pbx.invalid", "pbx.invalid cannot be reached: "),
    ],
)
async def test_a_wrong_host_is_named(online: Terminal, kind: str, url: str, words: str) -> None:
    done = await online.beside("check", **sources(kind, url))
    assert done.code == 1
    assert words in connection(done)
    assert "check SOURCES__OFFICE__API_URL" in connection(done)
    assert hidden(done, ASKED[kind].get("KEY"), ASKED[kind].get("SECRET"))


@pytest.mark.parametrize("kind", ASKED)
async def test_trouble_with_tls_is_named(online: Terminal, kind: str) -> None:
    async with RefusingServer().running(tls=own_certificate()) as url:
        done = await online.beside("check", **sources(kind, url))
        told = "SOURCES__OFFICE__FINGERPRINT" if kind == "mikopbx" else "certificate that is trust"
        assert told in connection(done)
        plain = await online.beside("check", **sources(kind, url.replace("https", "http")))
    async with RefusingServer().running() as url:
        bare = await online.beside("check", **sources(kind, url.replace("http", "https")))
    for other in (plain, bare):
        assert other.code == done.code == 1
        assert "SOURCES__OFFICE__API_URL" in connection(other)


@pytest.mark.parametrize("kind", ASKED)
@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "check SOURCES__OFFICE__"),
        (403, "check SOURCES__OFFICE__"),
        (429, "asked too often"),
        (500, "try later"),
    ],
)
async def test_a_refusal_says_what_to_do_and_not_what_it_was_told(
    online: Terminal, kind: str, status: int, words: str
) -> None:
    """The server says back all that it was told, at once or where the text is cut."""
    secrets = {name: NASTY for name in ASKED[kind] if name in {"KEY", "SECRET"}}
    for before in ("", "x" * 90):
        server = RefusingServer(status, before=before)
        async with server.running() as url:
            done = await online.beside("check", **sources(kind, url, **secrets), LOG_LEVEL="DEBUG")
        assert server.told
        assert done.code == 1
        assert words in connection(done)
        assert hidden(done, NASTY, NASTY[:9], "n4sty%2F", "n4sty\\/")


@pytest.mark.parametrize("kind", ASKED)
async def test_what_is_no_such_pbx_is_told(online: Terminal, kind: str) -> None:
    answers: tuple[object, ...] = ("<html>Welcome</html>", {}, [], None)
    for says in answers:
        async with RefusingServer(says=says).running() as url:
            done = await online.beside("check", **sources(kind, url))
        if (kind, says) == ("ringostat", []):
            continue  # a log without calls
        assert done.code == 1
        assert connection(done).startswith("FAIL ")
        assert hidden(done, ASKED[kind].get("KEY"), ASKED[kind].get("SECRET"))


@pytest.mark.parametrize("ahead", [600, -600])
async def test_a_clock_that_differs_is_told(online: Terminal, ahead: int) -> None:
    server = RefusingServer(says=[], date=formatdate(time.time() + ahead, usegmt=True))
    async with server.running() as url:
        done = await online.beside("check", **sources("ringostat", url))
    assert done.code == 1
    assert "slow: set both by NTP" in connection(done) or ahead < 0
    assert "fast: set both by NTP" in connection(done) or ahead > 0


async def test_a_quota_in_the_vendors_own_words_is_told(online: Terminal) -> None:
    async with binotel_server.binotel_server() as server:
        server.failures = [server.error("106", "Requests are too frequent")]
        done = await online.beside("check", **sources("binotel", server.url))
    assert done.code == 1
    assert "asked too often, try again in a minute" in connection(done)


# Hooks


@pytest.mark.parametrize("kind", ["zadarma", "binotel", "unitalk", "ringostat"])
async def test_a_pbx_that_is_asked_may_do_without_its_hook(online: Terminal, kind: str) -> None:
    async with right(kind) as url:
        done = await online.beside("check", **sources(kind, url, TOKEN=None))
    assert done.code == 0, done.out
    [hook] = [line for line in done.lines if line.startswith("note source office: ")]
    assert "its hook would tell sooner: SOURCES__OFFICE__TOKEN opens it" in hook
    assert connection(done).startswith("note " if kind == "zadarma" else "ok   ")


@pytest.mark.parametrize(
    "settings",
    [
        {"KIND": "webhook"},
        {"KIND": "onevoiplanet"},
        {"KIND": "freeswitch"},
        {"KIND": "mapping", "FILE": "phonet"},
    ],
    ids=lambda one: one["KIND"],
)
async def test_a_pbx_that_only_posts_needs_its_hook(
    online: Terminal, settings: dict[str, str]
) -> None:
    chosen = {f"SOURCES__OFFICE__{name}": value for name, value in settings.items()}
    done = await online.beside("check", **chosen, SOURCES__OFFICE__TOKEN=None)
    assert done.code == 1
    [line] = [line for line in done.lines if line[5:].startswith("source office: ")]
    assert line.startswith(
        "FAIL source office: SOURCES__OFFICE__TOKEN: not set, and calls come by"
    )
    done = await online.beside("check", **chosen)
    assert done.code == 0
    assert ", no call so far" in done.out
    async with open_database(Path(online.database)) as database:
        await RejectRepo(database).add("office", [Reject(0, ("id: missing",), "")], now=5)
        done = await online.beside("check", **chosen)
        assert "no call so far, what came could not be read: id: missing" in done.out
        await CallRepo(database).record([said()], now=int(time.time()))
    done = await online.beside("check", **chosen)
    assert ", last call heard of 20" in done.out
    assert hidden(done)


# Asterisk and the socket of 3CX


def asterisk(port: int, **changes: str) -> dict[str, str]:
    chosen = {"KIND": "asterisk", "HOST": "127.0.0.1", "PORT": str(port)}
    chosen |= {"USERNAME": ami_server.USER, "SECRET": ami_server.SECRET} | changes
    return {f"SOURCES__PBX__{name}": value for name, value in chosen.items()}


def of_asterisk(done: Output) -> str:
    [line] = [line for line in done.lines if line[5:].startswith("connection pbx: ")]
    assert ami_server.SECRET not in done.out + done.err
    return line


async def test_asterisk_is_asked_for_real(online: Terminal) -> None:
    async with ami_server.AmiServer().running() as server:
        done = await online.beside("check", **asterisk(server.port))
        assert of_asterisk(done).startswith("ok   ")
        assert done.code == 0
        done = await online.beside("check", **asterisk(server.port, SECRET="wr0ng"))
        assert "check SOURCES__PBX__USERNAME and SOURCES__PBX__SECRET" in of_asterisk(done)
        assert "wr0ng" not in done.out + done.err
        done = await online.beside("check", **asterisk(server.port, TLS="true"))
        assert "speaks no TLS" in of_asterisk(done)
    done = await online.beside("check", **asterisk(9))
    assert "nobody listens at 127.0.0.1:9" in of_asterisk(done)
    assert done.code == 1
    async with ami_server.AmiServer().running(tls=own_certificate()) as server:
        done = await online.beside("check", **asterisk(server.port, TLS="true"))
        assert "SOURCES__PBX__TLS_CA" in of_asterisk(done)
        assert done.code == 1


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://dzvinok:s3cret%40db@127.0.0.1:9/cdr", "nobody answers at that host and port"),
        ("mysql://dzvinok:s3cret%40db@pbx.invalid/cdr", "nobody answers at that host and port"),
    ],
)
async def test_a_database_that_is_not_there_is_told_without_its_password(
    online: Terminal, url: str, words: str
) -> None:
    chosen = {"SOURCES__PBX__KIND": "asterisk", "SOURCES__PBX__CDR_DATABASE_URL": url}
    done = await online.beside("check", **chosen, LOG_LEVEL="DEBUG")
    assert done.code == 1
    [line] = [line for line in done.lines if line[5:].startswith("connection pbx: ")]
    assert line.startswith("FAIL connection pbx: SOURCES__PBX__CDR_DATABASE_URL: ")
    assert words in line
    assert "s3cret" not in done.out + done.err


async def test_the_socket_of_3cx_is_tried(online: Terminal) -> None:
    base = {"SOURCES__OFFICE__KIND": "threecx", "SOURCES__OFFICE__CDR_HOST": "127.0.0.1"}
    async with threecx_server.passive_socket() as (port, _, _):
        done = await online.beside("check", **base, SOURCES__OFFICE__CDR_PORT=str(port))
        assert connection(done).startswith("ok   ")
        assert done.code == 0
    done = await online.beside("check", **base, SOURCES__OFFICE__CDR_PORT="9")
    assert "check CDR_HOST and CDR_PORT" in connection(done)
    assert done.code == 1


async def test_a_zadarma_that_posts_elsewhere_is_a_remark(online: Terminal) -> None:
    async with zadarma_server.zadarma_server(time.time) as server:
        server.hook_url = "https://crm.example.com/"
        done = await online.beside("check", **sources("zadarma", server.url))
        assert done.code == 0
        assert connection(done).startswith("note connection office: the key fits, but they are")
        server.failures = [web.Response(status=429, headers={"Retry-After": "7"})]
        done = await online.beside("check", **sources("zadarma", server.url))
        assert done.code == 1
        assert "try again in 7 s" in connection(done)
