"""Records of mod_json_cdr, in the shape that FreeSWITCH 1.10 writes them."""

from typing import Any
from urllib.parse import quote

START = 1795334400
DID, CLIENT = "380445550101", "+380671234567"


def leg(
    uuid: str,
    *,
    direction: str = "inbound",
    caller: str = CLIENT,
    dialled: str = DID,
    began: int = 0,
    bridged: int | None = None,
    ended: int = 40,
    encodes: bool = True,
    **variables: str,
) -> dict[str, Any]:
    """A leg; seconds are after START. `bridged`: when it was connected with another leg."""
    start, end = START + began, START + ended
    bridge = 0 if bridged is None else START + bridged
    said = {
        "direction": direction,
        "uuid": uuid,
        "call_uuid": uuid,
        "channel_name": f"sofia/internal/{caller}@192.0.2.1",
        "hangup_cause": "NORMAL_CLEARING",
        "start_stamp": "2026-11-22 10:00:00",
        "start_epoch": str(start),
        "answer_epoch": str(bridge),
        "end_epoch": str(end),
        "start_uepoch": str(start * 10**6 + 6702),
        "duration": str(end - start),
        "billsec": str(end - bridge if bridge else 0),
        **({"bridge_epoch": str(bridge)} if bridge else {}),
        **variables,
    }
    profile = {
        "username": caller,
        "caller_id_name": caller,
        "caller_id_number": caller,
        "destination_number": dialled,
        "uuid": uuid,
        "context": "default",
    }
    values = {name: quote(value) if encodes else value for name, value in said.items()}
    return {
        "core-uuid": "63e2315b-d538-4dfa-9ed5-af73ba6210b6",
        "switchname": "pbx",
        "channel_data": {"state": "CS_REPORTING", "direction": direction, "state_number": "11"},
        "callStats": {"audio": {"inbound": {"raw_bytes": 174156, "mos": 4.49}}},
        "variables": values,
        "app_log": {"applications": [{"app_name": "bridge", "app_data": "user/101"}]},
        "callflow": [
            {
                "dialplan": "XML",
                "profile_index": "1",
                "caller_profile": {
                    name: quote(value) if encodes else value for name, value in profile.items()
                },
                "times": {
                    "created_time": str(start * 10**6),
                    "bridged_time": str(bridge * 10**6 + 6321 if bridge else 0),
                },
            }
        ],
    }


def rung(uuid: str, extension: str, of: str, **more: Any) -> dict[str, Any]:
    """The leg that FreeSWITCH makes to an extension."""
    said = {
        "dialled": extension,
        "call_uuid": of,
        "originator": of,
        "dialed_user": extension,
        "channel_name": f"sofia/internal/{extension}@192.0.2.9:5060",
    }
    return leg(uuid, direction="outbound", **(said | more))
