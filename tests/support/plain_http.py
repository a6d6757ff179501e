"""HTTP on this computer: no TLS, so no certificates of the world are read for each test."""

import httpx


def plain_http() -> httpx.AsyncClient:
    return httpx.AsyncClient(verify=False)  # noqa: S501 - http:// only
