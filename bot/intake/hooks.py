"""The hooks of PBXs: what is posted is read, recorded, and answered."""

import hmac
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from bot.config.settings import Settings
from bot.domain.calls import CallFacts, Outcome, Reject
from bot.domain.errors import StorageError
from bot.intake.recorder import Recorder
from bot.sources.base import CallSource, HookSource
from bot.telemetry.metrics import Metrics

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Hooks:
    settings: Settings
    sources: Mapping[str, CallSource]
    recorder: Recorder
    metrics: Metrics

    async def receive(self, request: web.Request) -> web.Response:
        """Take what a PBX posted; 200 only when it is durable, 404 for a wrong address."""
        name = request.match_info["source"]
        source = self._find(name, request.match_info["token"])
        read = source.read_hook(await request.read(), request.headers.get("Content-Type", ""))
        facts = [item for item in read if isinstance(item, CallFacts)]
        rejects = [item for item in read if isinstance(item, Reject)]
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
        answer = {outcome.value: outcomes.count(outcome) for outcome in Outcome}
        told = [{"index": item.place, "errors": list(item.errors)} for item in rejects]
        return web.json_response({**answer, "rejected": told}, status=200 if outcomes else 422)

    def _find(self, name: str, token: str) -> HookSource:
        source = self.sources.get(name)
        secret = self.settings.sources[name].token if source else None
        expected = secret.get_secret_value() if secret else ""
        is_right = hmac.compare_digest(token.encode(), expected.encode())
        if not (expected and is_right and isinstance(source, HookSource)):
            raise web.HTTPNotFound
        return source
