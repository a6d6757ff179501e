"""Which source the settings ask for."""

from bot.config.sources import AsteriskSettings, SourceSettings, WebhookSettings
from bot.sources.asterisk.master_csv import AsteriskCalls
from bot.sources.base import CallSource
from bot.sources.own.json_calls import WebhookCalls


def create_source(name: str, settings: SourceSettings) -> CallSource:
    """The source of this name. `isinstance` with HookSource and FileSource tells what it can."""
    match settings:
        case WebhookSettings():
            return WebhookCalls(name, settings)
        case AsteriskSettings():
            return AsteriskCalls(name, settings)
