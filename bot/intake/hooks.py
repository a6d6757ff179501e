"""The hooks that PBXs post events to: what is posted is read, recorded and answered for.

A PBX that signs what it posts is believed only if the signature is right, and one that wants to
hear something of its own hears it, as `bot/sources/base.py` says.
"""

import asyncio
import hmac
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web
from pydantic import SecretStr

from bot.config.settings import Settings
from bot.domain.calls import CallFacts, Outcome, Reject
from bot.domain.errors import AwayError, StorageError
from bot.domain.posts import HookPosts
from bot.intake.bodies import read_body
from bot.intake.recorder import Recorder
from bot.sources.base import (
    AnsweringHookSource,
    CallSource,
    EchoingHookSource,
    HookSource,
    QueryHookSource,
    SignedHookSource,
)
from bot.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

ANSWER_SECONDS = 10.0
"""How long a PBX waits for an answer: some give up after so long, and would not post again."""

_FORM = "application/x-www-form-urlencoded"

_FORGED = Reject(
    0,
    ("the signature is missing or wrong: check SECRET of this source, and who knows its TOKEN",),
    "",
)
"""Stands for a request that was not signed with our secret; what it said is not kept."""


@dataclass(frozen=True, slots=True)
class _Hook:
    """A source and all that it can, found out once: to ask that of a protocol takes long.

    `token` is empty where the settings have none.
    """

    source: HookSource
    token: bytes
    signed: SignedHookSource | None
    answering: AnsweringHookSource | None
    echoing: EchoingHookSource | None
    reads_queries: bool


class Hooks:
    """Answers `POST /hooks/<source>/<token>` for every source."""

    def __init__(
        self,
        settings: Settings,
        sources: Mapping[str, CallSource],
        recorder: Recorder,
        metrics: Metrics,
        posts: HookPosts,
    ) -> None:
        self._recorder = recorder
        self._metrics = metrics
        self._posts = posts
        self._hooks = {
            name: _hook(source, settings.sources[name].token)
            for name, source in sources.items()
            if isinstance(source, HookSource)
        }

    async def finish(self) -> None:
        """Give up what is still being stored, and was answered for already."""
        await self._recorder.finish()

    async def receive(self, request: web.Request) -> web.Response:
        """Take what a PBX posted and answer how much of it was taken, as JSON.

        200: something was, and it is durable, or there was nothing to take. 422: nothing could be
        read. 404: the source or the token is wrong. 403: the signature is. 400, 413, 415: there is
        no body to read. 503: the database cannot be written now, or not
        within ANSWER_SECONDS, so the PBX should post again.
        """
        name = request.match_info["source"]
        hook = self._find(name, request.match_info["token"])
        body, content_type = await read_body(request), request.headers.get("Content-Type", "")
        if not body and hook.reads_queries:
            body, content_type = request.rel_url.raw_query_string.encode(), _FORM
        is_refused = hook.signed is not None and not hook.signed.is_genuine(
            body, content_type, request.headers
        )
        readings = [_FORGED] if is_refused else hook.source.read_hook(body, content_type)
        facts = [item for item in readings if isinstance(item, CallFacts)]
        rejects = [item for item in readings if isinstance(item, Reject)]
        outcomes = await self._record(name, facts, rejects)
        if is_refused:
            self._posts.note_refused(name)
            raise web.HTTPForbidden(text="the signature is missing or wrong")
        self._posts.note(name)
        if hook.answering:
            return web.Response(text=hook.answering.hook_answer, content_type="application/json")
        counts = {outcome.value: outcomes.count(outcome) for outcome in Outcome}
        rejected = [{"index": item.place, "errors": list(item.errors)} for item in rejects]
        answer = {**counts, "rejected": rejected}
        return web.json_response(answer, status=422 if rejects and not outcomes else 200)

    async def echo(self, request: web.Request) -> web.Response:
        """Answer a PBX that asks by GET whether the address is ours, or tells of a call in it.

        405 for all other GETs.
        """
        hook = self._find(request.match_info["source"], request.match_info["token"])
        if request.query_string and hook.reads_queries:
            return await self.receive(request)
        text = hook.echoing.hook_echo(request.query) if hook.echoing else None
        if text is None:
            raise web.HTTPMethodNotAllowed("GET", ["POST"])
        return web.Response(text=text)

    async def _record(
        self, name: str, facts: Sequence[CallFacts], rejects: Sequence[Reject]
    ) -> list[Outcome]:
        """Make it all durable, and count it. Raises HTTPServiceUnavailable.

        What takes too long goes on by itself: the PBX is told to post it again, which is harmless.
        """
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                outcomes = await self._recorder.record(facts, source=name, rejects=rejects)
        except (StorageError, TimeoutError) as error:
            is_late = isinstance(error, TimeoutError)
            why = AwayError(f"not within {ANSWER_SECONDS:.0f} s") if is_late else error
            log.error("a hook of %s could not be stored", name, exc_info=why)
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "5"}) from error
        for outcome in outcomes:
            self._metrics.statements.labels(name, outcome.value).inc()
        if rejects:
            self._metrics.rejects.labels(name).inc(len(rejects))
        return outcomes

    def _find(self, name: str, token: str) -> _Hook:
        """The hook that has this address. Raises HTTPNotFound if there is none.

        A wrong token takes as long as a right one, so it cannot be guessed piece by piece.
        """
        hook = self._hooks.get(name)
        expected = hook.token if hook else b""
        is_right = hmac.compare_digest(token.encode("utf-8", "surrogateescape"), expected)
        if hook is None:
            raise web.HTTPNotFound
        if not (expected and is_right):
            self._posts.note_refused(name)
            raise web.HTTPNotFound
        return hook


def _hook(source: HookSource, token: SecretStr | None) -> _Hook:
    return _Hook(
        source,
        token.get_secret_value().encode() if token else b"",
        source if isinstance(source, SignedHookSource) else None,
        source if isinstance(source, AnsweringHookSource) else None,
        source if isinstance(source, EchoingHookSource) else None,
        isinstance(source, QueryHookSource),
    )
