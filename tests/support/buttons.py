"""Every kind of callback data the keyboards may make."""

import inspect

from aiogram.filters.callback_data import CallbackData

from keyboards import callbacks

KINDS = [
    kind
    for kind in vars(callbacks).values()
    if inspect.isclass(kind) and issubclass(kind, CallbackData) and kind is not CallbackData
]
