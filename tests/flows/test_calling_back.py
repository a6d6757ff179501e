"""Calling a client back from chat, over the wire of each PBX that can: one press, one call."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web

from bot.demo.pbx.asterisk.channels import as_bytes
from bot.domain.people import Role
from keyboards.callbacks import CallBackButton
from storage.database import open_database
from storage.employees import EmployeeRepo
from tests.support.ami_events import START, Asterisk
from tests.support.ami_server import SECRET as AMI_SECRET
from tests.support.ami_server import USER, AmiServer
from tests.support.binotel_server import KEY as BINOTEL_KEY
from tests.support.binotel_server import SECRET as BINOTEL_SECRET
from tests.support.binotel_server import BinotelServer, as_form, binotel_server
from tests.support.dialling import (
    asked,
    begin_call_back,
    lose,
    post,
    progress_of,
    said_of_calls,
    tells_of_call,
    zadarma_office,
)
from tests.support.lost_calls import NOW, alert_of, is_alert, pressed
from tests.support.running import HOOK_TOKEN, IVAN, OLENA, Office, running_office
from tests.support.telegram import Clock, RunningClock
from tests.support.zadarma_events import event


async def until(office: Office, sql: str, *rows: tuple[Any, ...]) -> None:
    """Wait until this is what is stored."""
    async with asyncio.timeout(10):
        while office.rows(sql) != list(rows):  # noqa: ASYNC110 - the bot's own file
            await asyncio.sleep(0.01)


# Zadarma


async def test_the_client_is_called_back_and_the_case_is_closed_by_it(tmp_path: Path) -> None:
    async with zadarma_office(tmp_path) as (office, server, clock):
        boss = await office.administrator()
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        await lose(office, clock)
        alert = await alert_of(olena)
        assert ["☎️ Передзвонити", "📄 Картка"] in alert.buttons
        assert "☎️" not in str((await alert_of(boss)).buttons), "the boss has no phone"
        assert "телефон 101" in await pressed(olena, alert, "☎️")
        told = await progress_of(olena, "Дзвонить 101: підніміть слухавку")
        assert told.text.startswith("☎️ +380 67 123 45 67\nЗ телефону 101, ")
        await office.telegram.wait_until(lambda: bool(asked(server)))
        assert asked(server) == [{"from": "101", "to": "380671234567", "sip": "101"}]
        clock.advance(5)
        begun = clock.now
        await post(office, event("NOTIFY_OUT_START", begun))
        await progress_of(olena, "Гудки клієнтові…")
        clock.advance(30)
        end = event("NOTIFY_OUT_END", begun, duration="21", disposition="answered")
        await post(office, end)
        told = await progress_of(olena, "Поговорили 0:21")
        assert told.buttons == [["📄 Картка"]]
        assert office.rows("SELECT state FROM cases") == [("called_back",)]
        closed = await alert_of(boss, "Передзвонили: Олена")
        assert "☎️ Дзвінок із чату: Олена, " in closed.text
        await office.nothing_due()
        assert said_of_calls(office.telegram, olena) == [
            "🔔 Дзвонить 101: підніміть слухавку",
            "🔔 Гудки клієнтові…",
            "✅ Поговорили 0:21",
        ]
        assert len([one for one in olena.replies() if tells_of_call(one)]) == 1


async def test_twenty_presses_on_three_messages_are_one_call(tmp_path: Path) -> None:
    async with zadarma_office(tmp_path) as (office, server, clock):
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        await lose(office, clock)
        alert = await alert_of(olena)
        card = await office.press(olena, await office.ask(olena, "/log"), "1")
        other = await office.press(olena, await office.ask(olena, "/log"), "1")
        messages = [alert, card, other]
        queries = await asyncio.gather(
            *(olena.click(messages[n % 3], "☎️ Передзвонити") for n in range(20))
        )
        answers = [(await query.answered()).text for query in queries]
        assert sum("задзвонить" in text for text in answers) == 1
        assert sum("другого дзвінка не буде" in text for text in answers) == 19
        await office.stop()
        assert len(asked(server)) == 1
        assert office.rows("SELECT count(*) FROM dials") == [(1,)]


async def test_a_refusal_is_told_in_the_words_of_the_pbx_and_may_be_tried_again(
    tmp_path: Path,
) -> None:
    async with zadarma_office(tmp_path) as (office, server, clock):
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        await lose(office, clock)
        server.refused_calls = [server.error(400, "Wrong <b>parameter</b>!")]
        alert = await alert_of(olena)
        await pressed(olena, alert, "☎️")
        told = await progress_of(olena, "АТС відмовила")
        assert told.text.endswith("Zadarma: Wrong <b>parameter</b>!")
        assert told.buttons == [["☎️ Ще раз", "📄 Картка"]]
        assert "за кілька секунд" in await pressed(olena, told, "☎️")
        assert len(asked(server)) == 1
        clock.advance(11)
        await pressed(olena, told, "☎️")
        await office.telegram.wait_until(lambda: len(asked(server)) == 2)


async def test_a_pbx_that_does_not_answer_leaves_it_unknown_and_the_call_may_still_come(
    tmp_path: Path,
) -> None:
    async with zadarma_office(tmp_path) as (office, server, clock):
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        await lose(office, clock)
        server.refused_calls = [web.Response(status=504)]
        await pressed(olena, await alert_of(olena), "☎️")
        await progress_of(olena, "невідомо, чи почався дзвінок")
        assert "другого дзвінка не буде" in await pressed(olena, await alert_of(olena), "☎️")
        clock.advance(40)
        begun = clock.now
        await post(office, event("NOTIFY_OUT_START", begun))
        await progress_of(olena, "Гудки клієнтові…")
        clock.advance(20)
        end = event("NOTIFY_OUT_END", begun, duration="20", disposition="no answer")
        await post(office, end)
        told = await progress_of(olena, "Без відповіді, гудки 0:20")
        assert told.buttons == [["☎️ Ще раз", "📄 Картка"]]
        assert len(asked(server)) == 1
        assert office.rows("SELECT state, attempts FROM cases") == [("open", 1)]


@pytest.mark.parametrize("body", ["[]", '"ok"', "<b>Дзвоню</b>", ""])
async def test_an_answer_that_says_nothing_leaves_it_unknown(tmp_path: Path, body: str) -> None:
    async with zadarma_office(tmp_path) as (office, server, clock):
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        await lose(office, clock)
        server.refused_calls = [web.Response(text=body, content_type="text/html")]
        await pressed(olena, await alert_of(olena), "☎️")
        await progress_of(olena, "невідомо, чи почався дзвінок")


async def test_of_what_nothing_is_heard_that_is_said_and_the_result_may_come_later(
    tmp_path: Path,
) -> None:
    async with zadarma_office(tmp_path) as (office, _server, clock):
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        await lose(office, clock)
        await pressed(olena, await alert_of(olena), "☎️")
        await until(office, "SELECT state FROM dials", ("begun",))
        begun = clock.now + 8
        clock.advance(74)
        await office.ask(olena, "/log")
        assert office.rows("SELECT state FROM dials") == [("begun",)]
        clock.advance(1)
        told = await progress_of(olena, "досі нічого не чути")
        assert told.buttons == [["☎️ Ще раз", "📄 Картка"]]
        clock.advance(900)
        end = event("NOTIFY_OUT_END", begun, duration="31", disposition="busy")
        await post(office, end)
        await progress_of(olena, "Зайнято або скинули")


async def test_once_more_is_offered_only_to_whom_it_is_open(tmp_path: Path) -> None:
    async with zadarma_office(tmp_path) as (office, _server, clock):
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        await lose(office, clock)
        await pressed(olena, await alert_of(olena), "☎️")
        await progress_of(olena, "Дзвонить 101")
        async with open_database(office.settings.database) as database:
            employees = EmployeeRepo(database)
            person = await employees.find(OLENA)
            assert person is not None
            await employees.set_extensions(person.id, ["olena"])
        clock.advance(76)
        told = await progress_of(olena, "досі нічого не чути")
        assert told.buttons == [["📄 Картка"]]


async def test_a_call_dialled_by_hand_is_not_taken_for_it(tmp_path: Path) -> None:
    async with zadarma_office(tmp_path) as (office, _server, clock):
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        await lose(office, clock)
        by_hand = clock.now
        await post(office, event("NOTIFY_OUT_START", by_hand, pbx_call_id="out_0"))
        clock.advance(30)
        await pressed(olena, await alert_of(olena), "☎️")
        await until(office, "SELECT state FROM dials", ("begun",))
        end = event("NOTIFY_OUT_END", by_hand, duration="9", disposition="busy")
        await post(office, end | {"pbx_call_id": "out_0"})
        begun = clock.now
        for other in ({"internal": "102"}, {"destination": "380509998877"}):
            posted = event("NOTIFY_OUT_START", begun, pbx_call_id=f"out_{other!r}"[:20]) | other
            await post(office, posted)
        # One of before, of which the PBX tells only now.
        late = event("NOTIFY_OUT_END", by_hand - 600, duration="9", disposition="busy")
        await post(office, late | {"pbx_call_id": "out_late"})
        assert office.rows("SELECT call_id FROM dials") == [(None,)]
        await post(office, event("NOTIFY_OUT_START", begun, pbx_call_id="out_9"))
        await progress_of(olena, "Гудки клієнтові…")
        assert office.rows(
            "SELECT c.external_id FROM dials AS d JOIN calls AS c ON c.id = d.call_id"
        ) == [("out_9",)]


async def test_one_phone_calls_one_client_at_a_time(tmp_path: Path) -> None:
    async with zadarma_office(tmp_path) as (office, server, clock):
        boss = await office.administrator()
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        ivan = await office.employee(IVAN, "Іван", Role.SUPERVISOR, "101", "102")
        await lose(office, clock)
        await lose(office, clock, "in_2", caller_id="380509998877")
        first = await olena.wait_for(lambda one: is_alert(one) and "67 123" in one.text)
        second = await olena.wait_for(lambda one: is_alert(one) and "50 999" in one.text)
        await pressed(olena, first, "☎️")
        assert "на +380 67 123 45 67" in await pressed(olena, second, "☎️")
        # Of several phones one is chosen; that of a colleague who calls now is taken.
        theirs = await ivan.wait_for(lambda one: is_alert(one) and "50 999" in one.text)
        await (await ivan.click(theirs, "☎️")).answered()
        question = await ivan.wait_for(lambda one: "З якого вашого телефону?" in one.text)
        assert question.buttons == [["101", "102"], ["✖️ Скасувати"]]
        assert "зараз дзвонить Олена" in await pressed(ivan, question, "101")
        assert "задзвонить ваш телефон 102" in await pressed(ivan, question, "102")
        told = await progress_of(ivan, "Дзвонить 102")
        assert told.id == question.id, "how it goes stands in place of the question"
        same = await ivan.wait_for(lambda one: is_alert(one) and "67 123" in one.text)
        clock.advance(3601)
        await (await ivan.click(same, "☎️")).answered()
        again = await ivan.wait_for(
            lambda one: "якого вашого" in one.text and one.id > question.id
        )
        await (await ivan.click(again, "✖️")).answered()
        await ivan.wait_for(lambda one: one.text == "Нікому не дзвонили.")
        await office.stop()
        assert [one["sip"] for one in asked(server)] == ["101", "102"]
        assert not any(tells_of_call(one) for one in boss.replies())


async def test_a_colleague_who_calls_the_client_already_is_named(tmp_path: Path) -> None:
    async with zadarma_office(tmp_path) as (office, server, clock):
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        ivan = await office.employee(IVAN, "Іван", Role.SUPERVISOR, "102")
        await lose(office, clock)
        await pressed(olena, await alert_of(olena), "☎️")
        told = await pressed(ivan, await alert_of(ivan), "☎️")
        assert told == "Цьому клієнтові зараз дзвонить Олена."
        await office.stop()
        assert len(asked(server)) == 1


# Asterisk


def source_of(server: AmiServer) -> dict[str, Any]:
    login = {"host": "127.0.0.1", "port": server.port, "username": USER, "secret": AMI_SECRET}
    return {"pbx": {"kind": "asterisk", "timezone": "UTC", **login}}


@asynccontextmanager
async def asterisk_office(
    tmp_path: Path, **server: Any
) -> AsyncIterator[tuple[Office, AmiServer, Asterisk]]:
    async with (
        AmiServer(**server).running() as ami,
        running_office(tmp_path, clock=RunningClock(START), sources=source_of(ami)) as office,
    ):
        await ami.heard("listcommands")
        yield office, ami, Asterisk(now=office.clock())


async def tell(server: AmiServer, pbx: Asterisk) -> None:
    stamped = [packet | {"timestamp": f"{when:.6f}"} for when, packet in pbx.events]
    await server.say(*map(as_bytes, stamped))
    pbx.events.clear()


async def lost_at(server: AmiServer, pbx: Asterisk, extension: str = "101") -> None:
    client = pbx.client()
    phone = pbx.dial(client, f"PJSIP/{extension}")
    pbx.end_dial(client, phone, "CANCEL")
    pbx.hang_up(client, phone)
    await tell(server, pbx)


async def originated(server: AmiServer, count: int = 1) -> str:
    """The id of the call that was ordered."""
    async with asyncio.timeout(10):
        while len(server.originated) < count:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.005)
    return server.originated[-1]["channelid"]


async def outcome(server: AmiServer, ref: str, said: str, reason: int) -> None:
    packet = {"Event": "OriginateResponse", "ActionID": ref, "Response": said}
    await server.say(as_bytes(packet | {"Channel": "Local/101", "Reason": str(reason)}))


async def test_an_asterisk_rings_the_own_phone_then_the_client(tmp_path: Path) -> None:
    async with asterisk_office(tmp_path) as (office, server, pbx):
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        await lost_at(server, pbx)
        await pressed(olena, await alert_of(olena), "☎️")
        await progress_of(olena, "Дзвонить 101")
        ref = await originated(server)
        pbx.wait(1)
        first, second, phone = begin_call_back(pbx, ref, "101")
        await tell(server, pbx)
        pbx.wait(4)
        pbx.answer(second, phone)
        pbx.bridge("own", phone, second)
        pbx.answer(None, first)
        await tell(server, pbx)
        await outcome(server, ref, "Success", 4)
        client = pbx.dial(first, "PJSIP/provider", "0671112233@provider")
        await tell(server, pbx)
        await progress_of(olena, "Гудки клієнтові…")
        pbx.wait(3)
        pbx.answer(first, client)
        pbx.bridge("talk", client, first)
        await tell(server, pbx)
        await progress_of(olena, "Розмова з ")
        pbx.wait(130)
        pbx.hang_up(client, first, second, phone)
        await tell(server, pbx)
        told = await progress_of(olena, "Поговорили 2:10")
        assert told.buttons == [["📄 Картка"]]
        rows = office.rows(
            "SELECT external_id, direction, extension, client, wait, talk FROM calls "
            "WHERE direction = 'out'"
        )
        assert rows == [(ref, "out", "101", "+380671112233", 3, 130)]
        assert office.rows("SELECT state FROM cases") == [("called_back",)]
        await office.nothing_due()
        said = said_of_calls(office.telegram, olena)
        assert [one[0] for one in said] == ["🔔", "🔔", "🗣", "✅"]


async def test_a_phone_that_is_not_picked_up_calls_no_client(tmp_path: Path) -> None:
    cases = {3: "не підняли слухавку", 5: "101 зайнято", 0: "101 не на зв'язку"}
    async with asterisk_office(tmp_path) as (office, server, pbx):
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        for number, (reason, words) in enumerate(cases.items(), start=1):
            pbx.wait(60)
            client = pbx.client(f"067111220{number}")
            phone = pbx.dial(client, "PJSIP/101")
            pbx.hang_up(client, phone)
            await tell(server, pbx)
            alert = await olena.wait_for(
                lambda one, n=number: is_alert(one) and f"22 0{n}" in one.text  # type: ignore[misc]
            )
            await pressed(olena, alert, "☎️")
            await outcome(server, await originated(server, number), "Failure", reason)
            await progress_of(olena, words)
        assert office.rows("SELECT count(*) FROM calls WHERE direction = 'out'") == [(0,)]
        assert office.rows("SELECT count(*) FROM cases WHERE state = 'open'") == [(3,)]


async def test_a_user_who_may_not_originate_offers_nothing(tmp_path: Path) -> None:
    async with asterisk_office(tmp_path, may_originate=False) as (office, server, pbx):
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        await lost_at(server, pbx)
        alert = await alert_of(olena)
        assert "☎️" not in str(alert.buttons)
        forged = await olena.press_stale(alert, CallBackButton(call=1).pack())
        assert "немає телефону" in (await forged.answered()).text


# Binotel


async def test_binotel_names_the_call_it_begins(tmp_path: Path) -> None:
    clock = Clock(NOW)
    async with binotel_server() as server:
        server.clock = clock
        source = {"kind": "binotel", "key": BINOTEL_KEY, "secret": BINOTEL_SECRET}
        sources = {"office": source | {"token": HOOK_TOKEN, "api_url": server.url}}
        async with running_office(tmp_path, clock=clock, sources=sources) as office:
            olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "902")
            await post_binotel(office, lost_record())
            await pressed(olena, await alert_of(olena), "☎️")
            await until(office, "SELECT external_id FROM dials", ("22661563",))
            begun = clock.now
            clock.advance(40)
            # Another call of hers to the same client, and then this one.
            for call_id, seconds in (("5", "9"), ("22661563", "33")):
                record = BinotelServer().record(
                    call_id, begun, callType="1", billsec=seconds, historyData=""
                )
                await post_binotel(office, record)
            await progress_of(olena, "Поговорили 0:33")
            dialled = [one for path, one in server.asked if path.startswith("calls/")]
            assert dialled == [
                {"internalNumber": "902", "externalNumber": "0671234567", "async": True}
            ]


async def test_a_line_that_may_not_call_by_api_is_told(tmp_path: Path) -> None:
    clock = Clock(NOW)
    async with binotel_server() as server:
        server.clock, server.may_dial = clock, False
        source = {"kind": "binotel", "key": BINOTEL_KEY, "secret": BINOTEL_SECRET}
        sources = {"office": source | {"token": HOOK_TOKEN, "api_url": server.url}}
        async with running_office(tmp_path, clock=clock, sources=sources) as office:
            olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "902")
            await post_binotel(office, lost_record())
            await pressed(olena, await alert_of(olena), "☎️")
            told = await progress_of(olena, "АТС відмовила")
            assert "allow calls by API" in told.text


def lost_record() -> dict[str, Any]:
    return BinotelServer().record("78", NOW - 60, disposition="CANCEL", billsec="0")


async def post_binotel(office: Office, record: Mapping[str, Any]) -> httpx.Response:
    form = as_form({"requestType": "apiCallCompleted", "callDetails": record})
    return await office.http.post(
        f"{office.url}/hooks/office/{HOOK_TOKEN}",
        content=form,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
