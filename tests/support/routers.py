"""The handlers of a dispatcher and what they are filtered by."""

from collections.abc import Iterator
from typing import Any

from aiogram import Router
from aiogram.dispatcher.event.handler import HandlerObject


def all_handlers(router: Router) -> Iterator[tuple[str, HandlerObject]]:
    """Every handler with the kind of event it is for."""
    for kind, observer in router.observers.items():
        yield from ((kind, handler) for handler in observer.handlers if kind != "update")
    for inner in router.sub_routers:
        yield from all_handlers(inner)


def filters_of(handler: HandlerObject, kind: type[Any]) -> list[Any]:
    return [one.callback for one in handler.filters or () if isinstance(one.callback, kind)]
