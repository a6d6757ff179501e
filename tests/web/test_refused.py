"""What is no request, or none of ours, is refused in one line; nothing of it is an error."""

import asyncio
import gzip
import json
import logging
import zlib
from pathlib import Path

import pytest

from tests.support.engines import BOTH_ENGINES
from tests.support.lost_calls import LOST
from tests.support.processes import assert_discreet, free_port
from tests.support.running import HOOK_TOKEN, running_office

SECRET = "telegram-webhook-secret"
HOOK = f"/hooks/office/{HOOK_TOKEN}"
CALL = json.dumps(LOST).encode()
PACKED, DEFLATED = gzip.compress(CALL), zlib.compress(CALL)
BARE = DEFLATED[2:-4]
UNREADABLE = [b"{broken", b"", b"\xff", b"[" * 100_000, b'{"a":' * 100_000, b"9" * 100_000]
BY_TELEGRAM = f"X-Telegram-Bot-Api-Secret-Token: {SECRET}"


def request(
    path: str = HOOK, body: bytes = b"", *headers: str | bytes, method: str = "POST"
) -> bytes:
    lines: list[str | bytes] = [f"{method} {path} HTTP/1.1", "Host: x", "Connection: close"]
    lines += headers
    if not any(b"-length" in _bytes(one).lower() or b"chunked" in _bytes(one) for one in headers):
        lines.append(f"Content-Length: {len(body)}")
    return b"\r\n".join(map(_bytes, lines)) + b"\r\n\r\n" + body


def _bytes(line: str | bytes) -> bytes:
    return line if isinstance(line, bytes) else line.encode()


def packed(body: bytes, packing: str) -> bytes:
    return request(HOOK, body, f"Content-Encoding: {packing}")


def posted(body: bytes, *headers: str | bytes) -> bytes:
    return request("/telegram", body, *(headers or [BY_TELEGRAM]))


TAKEN = [
    packed(PACKED, "gzip"),
    packed(gzip.compress(CALL[:20]) + gzip.compress(CALL[20:]), "gzip"),
    packed(PACKED, "X-GZIP"),
    packed(DEFLATED, "deflate"),
    packed(BARE, "deflate"),
    packed(CALL, "identity"),
    request(HOOK, CALL, "Content-Type: application/json; charset=klingon"),
    request(HOOK, CALL, b"Content-Type: ;;=\xff"),
    request(HOOK, b"\xef\xbb\xbf" + CALL),
    request(HOOK, CALL.decode().encode("utf-16")),
    posted(b'{"update_id": 5}'),
    posted(b'{"update_id": 6, "of_a_newer_api": {}}', BY_TELEGRAM, "Content-Type: a; charset=z"),
    posted(b'{"update_id": 7, "message": {"text": 1}}'),
]
REFUSED = {
    400: [
        packed(b"not packed", "gzip"),
        packed(PACKED[:-9], "gzip"),
        packed(PACKED + b"more", "gzip"),
        packed(b"", "gzip"),
        packed(b"not packed", "deflate"),
        packed(DEFLATED[:-9], "deflate"),
        *map(posted, UNREADABLE),
        *map(posted, (b"42", b"null", b"[]", b'{"message": {}}', b'{"update_id": "x"}')),
        *map(posted, (b'{"update_id": 1.5}', b'{"update_id": NaN}', b'{"update_id": true}')),
        posted(b"not packed", BY_TELEGRAM, "Content-Encoding: gzip"),
        request(HOOK, b"zz\r\nabc\r\n0\r\n\r\n", "Transfer-Encoding: chunked"),
        request(HOOK, b"f" * 20 + b"\r\nabc", "Transfer-Encoding: chunked"),
        request(HOOK, CALL, "Content-Length: 3", "Content-Length: 4"),
        request(HOOK, CALL, "Content-Length: -3"),
        request(HOOK, CALL, f"X: {'a' * 20_000}"),
        request(HOOK, CALL, *(f"X{number}: a" for number in range(1000))),
        request(HOOK, CALL, "no colon here"),
        request(HOOK, CALL, "X: a\0b"),
        request(f"/hooks/office/{'a' * 9000}"),
        request("/hooks/office/й\0"),
        request("http://[::1/x"),
        request(method="BREW"),
        b"\x16\x03\x01\x02\x00garbage\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
    401: [
        posted(b"{}", "X: y"),
        posted(b"{}", "X-Telegram-Bot-Api-Secret-Token: wrong"),
        posted(b"{}", "X-Telegram-Bot-Api-Secret-Token: секрет"),
        posted(b"{}", b"X-Telegram-Bot-Api-Secret-Token: \xe9\xff"),
        posted(b"{}", "X-Telegram-Bot-Api-Secret-Token: wrong", BY_TELEGRAM),
    ],
    404: [
        request(f"/hooks/office/{token}", CALL)
        for token in ("%00", "%D0%B9%FF", "%ED%A0%80", "%zz%", "a" * 7000, "../../etc/passwd")
    ]
    + [request("/hooks/%ED%A0%80/x", CALL), request("//hooks//office", CALL)],
    405: [
        *(request(method=method) for method in ("GET", "HEAD", "PUT", "OPTIONS")),
        request("/telegram", b"", BY_TELEGRAM, method="GET"),
        request("/healthz"),
    ],
    413: [
        packed(gzip.compress(b" " * 50_000_000), "gzip"),
        packed(zlib.compress(b" " * 1_048_577), "deflate"),
        posted(b" " * 1_048_577),
        posted(gzip.compress(b" " * 5_000_000), BY_TELEGRAM, "Content-Encoding: gzip"),
    ],
    415: [packed(CALL, packing) for packing in ("br", "zstd", "klingon", "gzip, gzip")],
    417: [request(HOOK, CALL, "Expect: the-inquisition")],
    422: [
        *(request(HOOK, body) for body in (*UNREADABLE, b"[]", b"[[]]", b"[null]", b"{}")),
        request(HOOK, b"a=1&" * 100_000, "Content-Type: application/x-www-form-urlencoded"),
        request(HOOK, b"--x\r\n", "Content-Type: multipart/form-data; boundary=x"),
        request(HOOK, b'{"id": "\\ud800\\u0000", "id": NaN, "wait_seconds": 1e400}'),
    ],
}


async def answer(port: int, sent: bytes) -> tuple[int, str]:
    """The status, and what is said of it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(sent)
        async with asyncio.timeout(10):
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    finally:
        writer.close()
    return int(head.split()[1]), body.decode()


@BOTH_ENGINES
async def test_whatever_is_sent_is_refused_with_a_reason_and_is_no_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    async with running_office(
        tmp_path,
        updates="webhook",
        public_url=f"http://127.0.0.1:{port}/",
        webhook_secret=SECRET,
        http_port=port,
    ):
        for sent in TAKEN:
            status, said = await answer(port, sent)
            assert status == 200, (sent[:200], said)
        for expected, requests in REFUSED.items():
            for sent in requests:
                status, said = await answer(port, sent)
                assert status == expected, (sent[:200], said)
                assert said or sent.startswith(b"HEAD"), sent[:200]
                if status == 422:
                    [reject, *_] = json.loads(said)["rejected"]
                    assert reject["errors"], sent[:200]
    assert [one for one in caplog.records if one.levelno > logging.WARNING] == []
    assert [one for one in caplog.records if one.exc_info] == []
    assert_discreet(caplog.text, numbers=[], secrets=[SECRET])


@BOTH_ENGINES
async def test_who_hangs_up_in_the_middle_is_no_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_office(tmp_path) as office:
        port = int(office.url.rpartition(":")[2])
        for sent in (
            request(HOOK, b"abc", "Content-Length: 100"),
            request(HOOK, b"ff\r\nabc", "Transfer-Encoding: chunked"),
            b"POST /hooks",
        ):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            await writer.drain()
            writer.close()
            await writer.wait_closed()
        assert (await office.post(LOST))["accepted"] == 1
    assert [one for one in caplog.records if one.exc_info] == []
