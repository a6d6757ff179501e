"""Who the bot is, as Telegram says; for the commands that need it once."""

from aiogram.exceptions import AiogramError, TelegramAPIError, TelegramNetworkError
from aiogram.types import User

from bot.config.settings import Settings
from bot.domain.errors import StartError
from bot.parts import create_bot

_SECONDS = 10


async def bot_account(settings: Settings) -> User:
    """The bot as Telegram knows it. Raises StartError if Telegram does not say."""
    bot = create_bot(settings)
    try:
        return await bot.get_me(request_timeout=_SECONDS)
    except TelegramNetworkError as error:
        token = settings.bot_token.get_secret_value()  # it is a part of the address that failed
        why = str(error).partition("\n")[0].replace(token, "***")
        raise StartError(
            f"BOT_API_URL: Telegram cannot be reached, look at the network ({why})"
        ) from error
    except TelegramAPIError as error:
        raise StartError(
            f"BOT_TOKEN: Telegram says {error.message}; @BotFather tells the token of your bot"
        ) from error
    except (AiogramError, ValueError) as error:  # a page of a proxy; an address that is none
        raise StartError("BOT_API_URL: what answers there is no Bot API server") from error
    finally:
        await bot.session.close()
