"""The hooks that PBXs post events to: what is posted is read, recorded and answered for.

A PBX that signs what it posts is believed only if the signature is right, and one that wants to
hear something of its own hears it, as `bot/sources/base.py` says.
"""

import hmac
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from bot.config.settings import Settings
from bot.domain.calls import CallFacts, Outcome, Reject
from bot.domain.errors import StorageError
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

_FORM = "application/x-www-form-urlencoded"

_FORGED = Reject(
    0,
    ("the signature is missing or wrong: check SECRET of this source, and who knows its TOKEN",),
    "",
)
"""Stands for a request that was not signed with our secret; what it said is not kept."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """Answers `POST /hooks/<source>/<token>` for every source."""

    settings: Settings
    sources: Mapping[str, CallSource]
    recorder: Recorder
    metrics: Metrics
    posts: HookPosts

    async def receive(self, request: web.Request) -> web.Response:
        """Take what a PBX posted and answer how much of it was taken, as JSON.

        200: something was, and it is durable, or there was nothing to take. 422: nothing could be
        read. 404: the source or the token is wrong. 403: the signature is. 400, 413, 415: there is
        no body to read. 503: the database cannot be written now, so the PBX should post again.
        """
        name = request.match_info["source"]
        source = self._source(name, request.match_info["token"])
        body, content_type = await read_body(request), request.headers.get("Content-Type", "")
        if not body and isinstance(source, QueryHookSource):
            body, content_type = request.rel_url.raw_query_string.encode(), _FORM
        is_refused = isinstance(source, SignedHookSource) and not source.is_genuine(
            body, content_type, request.headers
        )
        readings = [_FORGED] if is_refused else source.read_hook(body, content_type)
        facts = [item for item in readings if isinstance(item, CallFacts)]
        rejects = [item for item in readings if isinstance(item, Reject)]
        outcomes = await self._record(name, facts, rejects)
        if is_refused:
            self.posts.note_refused(name)
            raise web.HTTPForbidden(text="the signature is missing or wrong")
        self.posts.note(name)
        if isinstance(source, AnsweringHookSource):
            return web.Response(text=source.hook_answer, content_type="application/json")
        counts = {outcome.value: outcomes.count(outcome) for outcome in Outcome}
        rejected = [{"index": item.place, "errors": list(item.errors)} for item in rejects]
        answer = {**counts, "rejected": rejected}
        return web.json_response(answer, status=422 if rejects and not outcomes else 200)

    async def echo(self, request: web.Request) -> web.Response:
        """Answer a PBX that asks by GET whether the address is ours, or tells of a call in it.

        405 for all other GETs.
        """
        source = self._source(request.match_info["source"], request.match_info["token"])
        if request.query_string and isinstance(source, QueryHookSource):
            return await self.receive(request)
        text = source.hook_echo(request.query) if isinstance(source, EchoingHookSource) else None
        if text is None:
            raise web.HTTPMethodNotAllowed("GET", ["POST"])
        return web.Response(text=text)

    async def _record(
        self, name: str, facts: Sequence[CallFacts], rejects: Sequence[Reject]
    ) -> list[Outcome]:
        """Make it all durable, and count it. Raises HTTPServiceUnavailable."""
        try:
            outcomes = await self.recorder.record(facts)
            if rejects:
                await self.recorder.reject(name, rejects)
        except StorageError as error:
            log.error("a hook of %s could not be stored", name, exc_info=error)
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "5"}) from error
        for outcome in outcomes:
            self.metrics.statements.labels(name, outcome.value).inc()
        self.metrics.rejects.labels(name).inc(len(rejects))
        return outcomes

    def _source(self, name: str, token: str) -> HookSource:
        """The source whose hook has this address. Raises HTTPNotFound if there is none.

        A wrong token takes as long as a right one, so it cannot be guessed piece by piece.
        """
        source = self.sources.get(name)
        secret = self.settings.sources[name].token if source else None
        expected = secret.get_secret_value() if secret else ""
        is_right = hmac.compare_digest(token.encode("utf-8", "surrogateescape"), expected.encode())
        if not (expected and is_right and isinstance(source, HookSource)):
            if isinstance(source, HookSource):
                self.posts.note_refused(name)
            raise web.HTTPNotFound
        return source
