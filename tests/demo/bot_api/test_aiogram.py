"""aiogram talks to the server as it would to Telegram: polling, webhooks, sending, errors."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiogram import Bot, Dispatcher, F
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.filters import CommandStart
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllPrivateChats,
    BufferedInputFile,
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQuery,
    InlineQueryResultArticle,
    InlineQueryResultsButton,
    InlineQueryResultUnion,
    InputMediaDocument,
    InputTextMessageContent,
    LinkPreviewOptions,
    Message,
    ReplyParameters,
)
from aiogram.webhook.aiohttp_server import SimpleRequestHandler
from aiohttp import web

from bot.demo.bot_api.people import User
from bot.demo.bot_api.server import BotApiServer
from tests.support.telegram import TOKEN, Clock, olena


@pytest.fixture
async def server(clock: Clock) -> AsyncIterator[BotApiServer]:
    server = BotApiServer(clock=clock, webhook_retry_delay=0.01)
    server.register_bot(TOKEN, "dzvinok_bot", "Dzvinok")
    async with server.running():
        yield server
    assert server.violations == [], "aiogram sends nothing that the field table does not have"


@pytest.fixture
async def bot(server: BotApiServer) -> AsyncIterator[Bot]:
    async with client(server, TOKEN) as bot:
        yield bot


@pytest.fixture
def user(server: BotApiServer) -> User:
    return olena(server)


def client(server: BotApiServer, token: str) -> Bot:
    session = AiohttpSession(api=TelegramAPIServer.from_base(server.url))
    return Bot(token, session=session, default=DefaultBotProperties(parse_mode="HTML"))


def go() -> InlineKeyboardMarkup:
    button = InlineKeyboardButton(text="Далі", callback_data="next")
    return InlineKeyboardMarkup(inline_keyboard=[[button]])


def create_dispatcher() -> Dispatcher:
    async def start(message: Message) -> None:
        await message.answer("<b>Привіт</b>", reply_markup=go())

    async def press(query: CallbackQuery) -> None:
        assert isinstance(query.message, Message)
        await query.message.edit_text("далі", reply_markup=None)
        await query.answer("готово", show_alert=True)

    async def document(message: Message, bot: Bot) -> None:
        assert message.document is not None
        content = await bot.download(message.document)
        assert content is not None
        await message.reply(content.read().decode())

    dispatcher = Dispatcher()
    dispatcher.message.register(start, CommandStart())
    dispatcher.message.register(document, F.document)
    dispatcher.callback_query.register(press, F.data == "next")
    return dispatcher


async def test_a_conversation_by_polling(server: BotApiServer, bot: Bot) -> None:
    user = server.user(7, "Olena")
    dispatcher = create_dispatcher()
    async with asyncio.TaskGroup() as group:
        polling = group.create_task(
            dispatcher.start_polling(bot, handle_signals=False, close_bot_session=False)
        )
        await user.start()
        greeting = await user.wait_for(lambda message: message.html == "<b>Привіт</b>")
        query = await user.click(greeting, "Далі")
        answer = await query.answered()
        assert (answer.text, answer.show_alert) == ("готово", True)
        edited = await user.wait_for(lambda message: message.text == "далі")
        assert (edited.id, edited.buttons) == (greeting.id, [])
        sent = await user.send_document("дзвінки".encode(), name="calls.csv")
        reply = await user.wait_for(lambda message: message.text == "дзвінки")
        assert reply.reply_to == sent.id
        await dispatcher.stop_polling()
        await polling


@pytest.mark.parametrize("is_in_background", [False, True])
async def test_a_conversation_by_webhook(
    server: BotApiServer, bot: Bot, *, is_in_background: bool
) -> None:
    user = server.user(7, "Olena")
    app = web.Application()
    handler = SimpleRequestHandler(
        create_dispatcher(), bot, handle_in_background=is_in_background, secret_token="secret"
    )
    handler.register(app, path="/hook")
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        port = runner.addresses[0][1]
        await bot.set_webhook(f"http://127.0.0.1:{port}/hook", secret_token="secret")
        await user.start()
        greeting = await user.wait_for(lambda message: message.html == "<b>Привіт</b>")
        query = await user.click(greeting, "Далі")
        assert (await query.answered()).text == "готово"
        assert (await bot.get_webhook_info()).last_error_message is None
    finally:
        await bot.delete_webhook()
        await runner.cleanup()


async def test_what_comes_back_is_what_was_sent(bot: Bot, user: User) -> None:
    said = await user.send("hello")
    sent = await bot.send_message(
        7,
        "😀 <b>Дзвінок</b> від <code>+380</code>",
        reply_markup=go(),
        reply_parameters=ReplyParameters(message_id=said.id),
        link_preview_options=LinkPreviewOptions(is_disabled=True),
        protect_content=True,
        disable_notification=True,
    )
    assert sent.html_text == "😀 <b>Дзвінок</b> від <code>+380</code>" == user.last().html
    assert sent.reply_to_message is not None
    assert sent.reply_to_message.text == "hello"
    assert sent.reply_markup is not None
    assert sent.reply_markup.model_dump() == go().model_dump()
    assert sent.has_protected_content is True


async def test_files_go_both_ways(bot: Bot, user: User) -> None:
    sent = await bot.send_document(
        7, BufferedInputFile(b"a,b", "calls.csv"), caption="<i>c</i>", reply_markup=go()
    )
    assert sent.document is not None
    content = await bot.download(sent.document)
    assert content is not None
    assert content.read() == b"a,b"
    first, second = await bot.send_media_group(
        7,
        [
            InputMediaDocument(media=BufferedInputFile(b"1", "1.txt")),
            InputMediaDocument(media=sent.document.file_id, caption="<b>two</b>"),
        ],
    )
    assert first.media_group_id == second.media_group_id
    assert second.html_text == "<b>two</b>"
    edited = await bot.edit_message_media(
        InputMediaDocument(media=BufferedInputFile(b"new", "new.txt")),
        chat_id=7,
        message_id=sent.message_id,
    )
    assert isinstance(edited, Message)
    assert edited.document is not None
    assert edited.document.file_name == "new.txt"
    voice = await bot.send_voice(7, BufferedInputFile(b"OggS", "v.ogg"), duration=3)
    assert voice.voice is not None
    assert voice.voice.duration == 3
    assert len(user.messages()) == 4


async def test_the_rest_of_the_library_is_understood(bot: Bot, user: User) -> None:
    me = await bot.me()
    assert (me.id, me.username) == (42, "dzvinok_bot")
    commands = [BotCommand(command="log", description="журнал")]
    scope = BotCommandScopeAllPrivateChats()
    await bot.set_my_commands(commands, scope=scope, language_code="uk")
    [known] = await bot.get_my_commands(scope=scope, language_code="uk")
    assert known.model_dump() == commands[0].model_dump()
    assert user.commands == [{"command": "log", "description": "журнал"}]
    await bot.set_my_description("журнал")
    await bot.set_my_short_description("журнал")
    await bot.set_chat_menu_button()
    assert (await bot.get_chat(7)).first_name == "Olena"
    assert (await bot.get_chat_member(7, 7)).status == "member"
    sent = await bot.send_message(7, "x")
    await bot.pin_chat_message(7, sent.message_id)
    await bot.unpin_all_chat_messages(7)
    await bot.copy_message(7, 7, sent.message_id)
    await bot.forward_message(7, 7, sent.message_id)
    await bot.send_chat_action(7, "typing")
    await bot.delete_messages(7, [sent.message_id])
    assert (await bot.get_chat(7)).pinned_message is None


async def test_an_inline_query_is_answered(bot: Bot, user: User) -> None:
    async def search(query: InlineQuery) -> None:
        content = InputTextMessageContent(message_text=f"<b>{query.query}</b>")
        results: list[InlineQueryResultUnion] = [
            InlineQueryResultArticle(id="1", title="Дзвінок", input_message_content=content)
        ]
        button = InlineQueryResultsButton(text="Увійти", start_parameter="inline")
        await query.answer(results, cache_time=0, is_personal=True, next_offset="1", button=button)

    dispatcher = Dispatcher()
    dispatcher.inline_query.register(search)
    async with asyncio.TaskGroup() as group:
        polling = group.create_task(
            dispatcher.start_polling(bot, handle_signals=False, close_bot_session=False)
        )
        query = await user.inline("067")
        answer = await query.answered()
        assert (answer.cache_time, answer.is_personal, answer.next_offset) == (0, True, "1")
        assert (await query.choose("1")).html == "<b>067</b>"
        await dispatcher.stop_polling()
        await polling
    assert (await bot.me()).supports_inline_queries


async def test_errors_are_the_ones_the_library_knows(
    server: BotApiServer, bot: Bot, user: User
) -> None:
    with pytest.raises(TelegramBadRequest, match="can't parse entities"):
        await bot.send_message(7, "<b>")
    sent = await bot.send_message(7, "x")
    with pytest.raises(TelegramBadRequest, match="message is not modified"):
        await bot.edit_message_text("x", chat_id=7, message_id=sent.message_id)
    server.faults.add("sendMessage", "flood", retry_after=3)
    with pytest.raises(TelegramRetryAfter) as flood:
        await bot.send_message(7, "x")
    assert flood.value.retry_after == 3
    server.faults.add("sendMessage", "server_error")
    with pytest.raises(TelegramServerError):
        await bot.send_message(7, "x")
    server.faults.add("sendMessage", "drop")
    with pytest.raises(TelegramNetworkError):
        await bot.send_message(7, "x")
    await user.block()
    with pytest.raises(TelegramForbiddenError, match="bot was blocked by the user"):
        await bot.send_message(7, "x")
    async with client(server, "43:unknown") as stranger:
        with pytest.raises(TelegramUnauthorizedError):
            await stranger.get_me()
