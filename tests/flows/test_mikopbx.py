"""MikoPBX, with a certificate of its own, from its call history to the message in chat."""

import hashlib
import ssl
from pathlib import Path

from bot.sources.times import local_text
from tests.support.kyiv import KYIV
from tests.support.lost_calls import NOW
from tests.support.mikopbx_server import CERTIFICATE, KEY, MikopbxServer, cdr_row, own_certificate
from tests.support.running import running_office
from tests.support.telegram import Clock

MISSED, ANSWERED = f"mikopbx-{int(NOW) - 60}.1", f"mikopbx-{int(NOW) - 50}.7"
A_MINUTE_AGO = local_text(int(NOW) - 60, KYIV)


async def test_a_call_in_pieces_is_told_of_as_what_it_was(tmp_path: Path) -> None:
    """One is missed. Of the other the IVR is there first, and then who answered: no alert."""
    server = MikopbxServer(
        rows=[
            cdr_row(1, MISSED, A_MINUTE_AGO),
            cdr_row(
                *(2, ANSWERED, A_MINUTE_AGO), src_num="380501112233", is_app="1", dst_num="2002"
            ),
        ],
        now=local_text(int(NOW), KYIV),
    )
    answered = cdr_row(
        *(3, ANSWERED, A_MINUTE_AGO), src_num="380501112233", seconds=40, answered=9
    )
    server.fail(500, '{"result": false, "messages": {"error": ["locked"]}}')
    der = ssl.PEM_cert_to_DER_cert(CERTIFICATE.read_text())
    async with server.running(ssl_context=own_certificate()) as url:
        source = {
            "kind": "mikopbx",
            "key": KEY,
            "api_url": url,
            "fingerprint": hashlib.sha256(der).hexdigest(),
        }
        server.coming.append(answered)
        async with running_office(tmp_path, clock=Clock(NOW), sources={"miko": source}) as office:
            admin = await office.administrator()
            await admin.wait_for(lambda one: "+380 67 123 45 67" in one.text, timeout=12)
            await office.nothing_due()
            rows = office.rows("SELECT external_id, status FROM calls ORDER BY external_id")
            assert rows == [(MISSED, "missed"), (ANSWERED, "answered")]
            assert office.rows("SELECT count(*) FROM cases") == [(1,)]
