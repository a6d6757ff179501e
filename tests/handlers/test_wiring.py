"""Every handler gets what it asks for, and every command offered has one."""

import inspect
from types import NoneType
from typing import get_args

from aiogram import Dispatcher, Router
from aiogram.filters import Command
from aiogram.filters.callback_data import CallbackQueryFilter

from bot.domain.people import Employee, Language, Role
from bot.telegram.filters import IsButton
from bot.telegram.i18n import create_i18n
from bot.views.start import commands
from handlers.dialog_state import HasDraft, InDialog
from tests.support.routers import all_handlers, filters_of

FROM_AIOGRAM = {
    *("bot", "bots", "dispatcher", "state", "raw_state", "fsm_storage"),
    *("event_update", "event_from_user", "event_chat", "event_context", "event_router"),
}
FROM_MIDDLEWARES = {"employee", "i18n"}


async def test_every_parameter_of_every_handler_is_provided(dispatcher: Dispatcher) -> None:
    count = 0
    for kind, handler in all_handlers(dispatcher):
        count += 1
        function = handler.callback
        first, *rest = inspect.signature(function, eval_str=True).parameters.values()
        assert first.name in {"message", "query", "event", "chosen"}, function
        given = {*dispatcher.workflow_data, *FROM_AIOGRAM}
        # An error may come from before the middlewares: their names need a default there.
        needed = rest if kind != "error" else [one for one in rest if one.default is one.empty]
        if kind != "error":
            given |= FROM_MIDDLEWARES
        given |= {"command"} if filters_of(handler, Command) else set()
        [data] = filters_of(handler, CallbackQueryFilter) or [None]
        given |= {"callback_data"} if data else set()
        given |= {"dialog"} if filters_of(handler, InDialog) else set()
        given |= {"draft"} if filters_of(handler, HasDraft) else set()
        assert {one.name for one in needed} <= given, function
        for one in rest:
            if one.name == "callback_data":
                assert data is not None
                kinds = get_args(one.annotation) or (one.annotation,)
                assert data.callback_data in kinds, function
            elif one.name in dispatcher.workflow_data and inspect.isclass(one.annotation):
                value = dispatcher.workflow_data[one.name]
                assert isinstance(value, one.annotation), (function, one.name)
    assert count > 50


async def test_only_a_filtered_handler_may_take_the_employee_for_granted(
    dispatcher: Dispatcher,
) -> None:
    """Where no HasRole stands, a stranger comes in too: `employee` may be None."""

    def check(router: Router) -> None:
        for observer in router.observers.values():
            roles = [one for one in observer._handler.filters or () if is_role(one.callback)]
            for handler in observer.handlers:
                own = [one for one in handler.filters or () if is_role(one.callback)]
                wanted = inspect.signature(handler.callback, eval_str=True).parameters
                if "employee" in wanted and not roles and not own:
                    assert NoneType in get_args(wanted["employee"].annotation), handler.callback
                elif "employee" in wanted:
                    assert wanted["employee"].annotation is Employee, handler.callback
        for inner in router.sub_routers:
            check(inner)

    def is_role(value: object) -> bool:
        return type(value).__name__ == "HasRole"

    check(dispatcher)


async def test_every_command_offered_has_a_handler(dispatcher: Dispatcher) -> None:
    known = {
        name
        for kind, handler in all_handlers(dispatcher)
        if kind == "message"
        for one in filters_of(handler, Command)
        for name in one.commands
    }
    with create_i18n(Language.UK).context():
        offered = {name for role in (*Role, None) for name, _ in commands(role)}
    assert offered == known


async def test_no_filter_and_no_handler_is_asked_in_a_thread(dispatcher: Dispatcher) -> None:
    """Which aiogram does with whatever is not async: two hops for each, at every press."""

    def check(router: Router) -> int:
        checked = 0
        for kind, observer in router.observers.items():
            roots = observer._handler.filters or []
            for handler in observer.handlers:
                assert handler.awaitable, (kind, handler.callback)
                roots = [*roots, *(handler.filters or [])]
            for one in roots:
                assert one.awaitable, (router.name, kind, one.magic or one.callback)
            checked += len(roots)
        return checked + sum(check(inner) for inner in router.sub_routers)

    assert check(dispatcher) > 100


async def test_a_router_is_passed_over_by_the_prefix_of_a_button(dispatcher: Dispatcher) -> None:
    [_, private] = dispatcher.sub_routers
    passed_over = [
        router.name
        for router in private.sub_routers
        for one in router.callback_query._handler.filters or ()
        if isinstance(one.callback, IsButton)
    ]
    assert len(passed_over) > len(private.sub_routers) - 3
