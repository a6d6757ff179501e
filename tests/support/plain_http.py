"""HTTP on this computer: no TLS, so no certificates of the world are read for each test."""

from typing import Any

import httpx


def plain_http(**options: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(verify=False, **options)  # noqa: S501 - http:// only
