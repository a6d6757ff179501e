"""Who may call whom back from chat, and from which phone; each press is judged anew."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.demo.bot_api.people import User
from bot.domain.calling_back import phone_code
from bot.domain.people import Role
from keyboards.callbacks import CallBackButton, CallBackFrom
from storage.database import open_database
from storage.employees import EmployeeRepo
from tests.support.dialling import (
    asked,
    lose,
    post,
    progress_of,
    tells_of_call,
    zadarma_office,
)
from tests.support.engines import ONLY_SQLITE
from tests.support.lost_calls import alert_of, pressed
from tests.support.running import ACCOUNTANT, IVAN, OLENA, SUPERVISOR, Office
from tests.support.telegram import Clock
from tests.support.zadarma_events import talk
from tests.support.zadarma_server import ZadarmaServer

pytestmark = ONLY_SQLITE

OWN = "+380445550199"


@dataclass
class Scene:
    office: Office
    server: ZadarmaServer
    clock: Clock

    async def forged(self, user: User, call: int = 1) -> str:
        """What a button nobody gave them is answered with."""
        query = await user.press_stale(user.last(), CallBackButton(call=call).pack())
        return (await query.answered()).text

    async def has_button(self, user: User, row: str = "1") -> bool:
        """Whether the card of this row of the log has the button."""
        screen = await self.office.ask(user, "/log")
        return "☎️ Передзвонити" in str((await self.office.press(user, screen, row)).buttons)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """A client has called 101 and was lost."""
    async with zadarma_office(tmp_path, own_numbers=OWN) as (office, server, clock):
        await office.administrator()
        scene = Scene(office, server, clock)
        await lose(office, clock)
        yield scene
        await office.stop()


@pytest.mark.parametrize(
    ("role", "extensions", "is_offered", "refusal"),
    [
        (Role.ADMINISTRATOR, ("102",), True, ""),
        (Role.SUPERVISOR, ("102",), True, ""),
        (Role.OPERATOR, ("101",), True, ""),
        (Role.SUPERVISOR, (), False, "немає телефону"),
        (Role.SUPERVISOR, ("reception", "4455", "sip:olena@pbx"), False, "немає телефону"),
        (Role.ACCOUNTANT, ("101",), False, "Клієнтів беруть оператори"),
    ],
)
async def test_roles_that_take_clients_call_them_from_their_own_phones(
    scene: Scene, role: Role, extensions: tuple[str, ...], is_offered: bool, refusal: str
) -> None:
    user = await scene.office.employee(OLENA, "Олена", role, *extensions)
    assert await scene.has_button(user) is is_offered
    told = await scene.forged(user)
    if is_offered:
        assert f"задзвонить ваш телефон {extensions[0]}" in told
        await scene.office.telegram.wait_until(lambda: bool(asked(scene.server)))
    else:
        assert refusal in told
        assert scene.office.rows("SELECT count(*) FROM dials") == [(0,)]


async def test_an_accountant_is_offered_no_call_where_there_is_no_case_either(
    scene: Scene,
) -> None:
    clerk = await scene.office.employee(ACCOUNTANT, "Ніна", Role.ACCOUNTANT, "101")
    olena = await scene.office.employee(OLENA, "Олена", Role.OPERATOR, "101")
    begun = scene.clock.now
    said = {"pbx_call_id": "in_2", "caller_id": "380509998877", "internal": "101"}
    for at, posted in talk(begun):
        scene.clock.now = at
        await post(scene.office, posted | said)
    assert scene.office.rows("SELECT count(*) FROM cases") == [(1,)]
    assert await scene.has_button(olena)
    assert not await scene.has_button(clerk)
    assert "Клієнтів беруть оператори" in await scene.forged(clerk, 2)


async def test_an_operator_calls_only_clients_whose_calls_they_may_see(scene: Scene) -> None:
    ivan = await scene.office.employee(IVAN, "Іван", Role.OPERATOR, "102")
    assert "лише ті, кому дзвонили" in await scene.forged(ivan)
    assert "видалено" in await scene.forged(ivan, 99)
    assert scene.office.rows("SELECT count(*) FROM dials") == [(0,)]


@pytest.mark.parametrize(
    "caller", ["", "anonymous", "112", "3700", OWN.removeprefix("+"), "19005551234"]
)
async def test_some_numbers_are_never_called(scene: Scene, caller: str) -> None:
    olena = await scene.office.employee(OLENA, "Олена", Role.OPERATOR, "101")
    await lose(scene.office, scene.clock, "in_2", caller_id=caller)
    assert scene.office.rows("SELECT count(*) FROM calls") == [(2,)]
    assert not await scene.has_button(olena)
    assert "немає телефону" in await scene.forged(olena, 2)


async def test_a_client_of_a_colleague_is_called_by_those_who_see_all(scene: Scene) -> None:
    olena = await scene.office.employee(OLENA, "Олена", Role.OPERATOR, "101")
    ivan = await scene.office.employee(IVAN, "Іван", Role.OPERATOR, "101")
    boss = await scene.office.employee(SUPERVISOR, "Марія", Role.SUPERVISOR, "105")
    await lose(scene.office, scene.clock)
    await pressed(olena, await alert_of(olena), "🙋")
    assert not await scene.has_button(ivan)
    assert "Клієнта взяв колега" in await scene.forged(ivan)
    assert await scene.has_button(boss)
    assert "105" in await scene.forged(boss)


async def test_a_role_taken_away_meanwhile_counts_at_the_press(scene: Scene) -> None:
    olena = await scene.office.employee(OLENA, "Олена", Role.OPERATOR, "101")
    screen = await scene.office.ask(olena, "/log")
    card = await scene.office.press(olena, screen, "1")
    data = card.button("☎️")["callback_data"]  # the card is drawn anew without it
    async with open_database(scene.office.settings.database) as database:
        employees = EmployeeRepo(database)
        person = await employees.find(OLENA)
        assert person is not None
        await employees.set_extensions(person.id, ["102"])
        query = await olena.press_stale(card, data)
        assert "лише ті, кому дзвонили" in (await query.answered()).text
        await employees.set_extensions(person.id, ["101"])
        await employees.set_role(person.id, Role.ACCOUNTANT)
    query = await olena.press_stale(card, data)
    assert "Клієнтів беруть оператори" in (await query.answered()).text
    assert scene.office.rows("SELECT count(*) FROM dials") == [(0,)]


async def test_a_phone_of_others_cannot_be_chosen(scene: Scene) -> None:
    olena = await scene.office.employee(OLENA, "Олена", Role.OPERATOR, "101", "102")
    for code in (phone_code("103"), 5):
        data = CallBackFrom(call=1, code=code).pack()
        query = await olena.press_stale(olena.last(), data)
        assert "немає телефону" in (await query.answered()).text
    query = await olena.press_stale(
        olena.last(), CallBackFrom(call=1, code=phone_code("102")).pack()
    )
    assert "102" in (await query.answered()).text


async def test_a_group_offers_it_and_tells_of_it_in_ones_own_chat(scene: Scene) -> None:
    office = scene.office
    ivan = await office.employee(IVAN, "Іван", Role.OPERATOR, "102")
    clerk = await office.employee(ACCOUNTANT, "Ніна", Role.ACCOUNTANT, "103")
    admin = office.telegram.user(1001, "Адмін", language_code="uk")
    group = office.telegram.group(-100555, "Зміна", owner=admin)
    bot = next(iter(office.telegram.telegram.bots.values()))
    for member in (ivan, clerk, bot):
        group.add(member)
    await admin.send("/connect", group=group)
    await group.wait_for(lambda one: one.is_from_bot)
    await lose(office, scene.clock, "in_2")
    alert = await group.wait_for(lambda one: one.is_from_bot and "Пропущений" in one.text)
    assert ["☎️ Передзвонити", "📄 Картка"] in alert.buttons
    refused = await (await clerk.click(alert, "☎️")).answered()
    assert "Клієнтів беруть оператори" in refused.text
    query = await ivan.click(alert, "☎️")
    assert "102" in (await query.answered()).text
    await progress_of(ivan, "Дзвонить 102")
    assert not any(tells_of_call(one) for one in group.replies())
