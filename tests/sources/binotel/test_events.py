"""What Binotel posts: live events and records in both shapes, in any order and number."""

import json
import random
from typing import Any

import pytest
from pydantic import SecretStr

from bot.config.sources import BinotelSettings
from bot.domain.calls import CallFacts, Direction, Reject, Status
from bot.domain.merging import MergedCall
from bot.sources.binotel.source import BinotelSource
from tests.support.binotel_server import KEY, SECRET, BinotelServer, as_form
from tests.support.plain_http import plain_http
from tests.support.statements import NOW, merged

FORM = "application/x-www-form-urlencoded"


class Hook:
    """The source, and a clock that stands at the moment an event comes."""

    def __init__(self) -> None:
        self.now = NOW
        settings = BinotelSettings(kind="binotel", key=SecretStr(KEY), secret=SecretStr(SECRET))
        self.source = BinotelSource("office", settings, http=plain_http(), clock=lambda: self.now)

    def read(self, *events: tuple[int, dict[str, Any]]) -> list[CallFacts]:
        facts: list[CallFacts] = []
        for self.now, posted in events:
            for one in self.source.read_hook(as_form(posted), FORM):
                assert isinstance(one, CallFacts), one
                facts.append(one)
        return facts

    def call(self, *events: tuple[int, dict[str, Any]]) -> MergedCall:
        return merged(*self.read(*events), now=self.now)


@pytest.fixture
async def hook() -> Hook:
    return Hook()


def completed(**said: Any) -> dict[str, Any]:
    details = BinotelServer().record("77", NOW, **said)
    return {"requestType": "apiCallCompleted", "attemptsCounter": "1", "callDetails": details}


def live(kind: str, **said: Any) -> dict[str, Any]:
    common = {"requestType": kind, "generalCallID": "77", "companyID": "10881"}
    match kind:
        case "hangupTheCall":
            return common | {"billsec": "0", "disposition": "NOANSWER", "method": kind} | said
        case "transferredTheCall":
            return common | {"internalNumber": "903"} | said
    return common | {"callType": "0", "externalNumber": "0671234567"} | said


TALK: list[tuple[int, dict[str, Any]]] = [
    (NOW + 1, live("receivedTheCall", pbxNumber="0445550101")),
    (NOW + 5, live("answeredTheCall", internalNumber="902")),
    (NOW + 74, live("hangupTheCall", billsec="68", disposition="ANSWER")),
    (NOW + 75, completed()),
]


async def test_a_talk_is_one_call(hook: Hook) -> None:
    facts = hook.read(*TALK)
    assert [one.status for one in facts] == [
        Status.RINGING,
        Status.CONNECTING_OPERATOR,
        Status.ANSWERED,
        Status.ANSWERED,
    ]
    call = merged(*facts)
    assert (call.direction, call.client, call.caller_name) == (
        Direction.IN,
        "+380671234567",
        "Ганна",
    )
    assert (call.line, call.extension, call.callee_name) == ("0445550101", "902", "Олена")
    assert call.rang == ("901", "902")
    assert (call.started_at, call.answered_at, call.ended_at) == (NOW, NOW + 4, NOW + 72)
    assert (call.wait, call.talk, call.raw_status) == (4, 68, "ANSWER")
    assert call.recording_url == "pbx:77"


async def test_order_and_repetition_of_what_was_read_change_nothing(hook: Hook) -> None:
    facts = hook.read(*TALK)
    whole = merged(*facts)
    for seed in range(50):
        some = [*facts, *random.Random(seed).choices(facts, k=4)]
        random.Random(seed).shuffle(some)
        assert merged(*some) == whole


async def test_posted_again_for_38_hours_it_is_the_same_call(hook: Hook) -> None:
    facts = hook.read((NOW + 75, completed()))
    again = completed() | {"attemptsCounter": "7"}
    facts += hook.read((NOW + 38 * 3600, again))
    facts += hook.read((NOW + 38 * 3600, live("receivedTheCall", attemptsCounter="7")))
    assert len(facts) == 2
    assert merged(*facts) == merged(facts[0])


async def test_a_lost_call_is_told_when_it_is_hung_up(hook: Hook) -> None:
    call = hook.call(
        (NOW, live("receivedTheCall", internalNumber="901")), (NOW + 17, live("hangupTheCall"))
    )
    assert (call.status, call.lost, call.client) == (Status.MISSED, True, "+380671234567")
    assert (call.wait, call.rang) == (17, ("901",))


async def test_an_end_of_an_unknown_call_waits_for_its_record(hook: Hook) -> None:
    assert hook.read((NOW, live("hangupTheCall")), (NOW, live("transferredTheCall"))) == []
    assert hook.call((NOW + 75, completed())).status is Status.ANSWERED


async def test_a_transfer_rings_another(hook: Hook) -> None:
    call = hook.call(*TALK[:2], (NOW + 20, live("transferredTheCall")))
    assert (call.status, call.rang) == (Status.CONNECTING_OPERATOR, ("902", "903"))


async def test_who_is_calling_is_asked_and_tells_nothing(hook: Hook) -> None:
    asked = live("apiCallSettings", pbxNumber="0445550101")
    assert hook.read((NOW, asked), (NOW, {"requestType": "somethingNew"})) == []
    assert json.loads(hook.source.hook_answer) == {"status": "success"}


@pytest.mark.parametrize(
    ("disposition", "incoming", "outgoing"),
    [
        ("ANSWER", Status.ANSWERED, Status.ANSWERED),
        ("TRANSFER", Status.ANSWERED, Status.ANSWERED),
        ("BUSY", Status.MISSED, Status.REJECTED_BY_SUBSCRIBER),
        ("NOANSWER", Status.MISSED, Status.NO_ANSWER),
        ("CANCEL", Status.MISSED, Status.CANCELLED_BY_OPERATOR),
        ("CONGESTION", Status.NO_CHANNELS, Status.NO_CHANNELS),
        ("CHANUNAVAIL", Status.MISSED_OFFLINE, Status.UNREACHABLE),
        ("VM", Status.MISSED, Status.UNKNOWN_ERROR),
        ("VM-SUCCESS", Status.MISSED, Status.UNKNOWN_ERROR),
        ("ONLINE", Status.RINGING, Status.RINGING),
        ("SOMETHING-NEW", Status.UNKNOWN_ERROR, Status.UNKNOWN_ERROR),
        ("", Status.UNKNOWN_ERROR, Status.UNKNOWN_ERROR),
    ],
)
async def test_how_a_call_ended(
    hook: Hook, disposition: str, incoming: Status, outgoing: Status
) -> None:
    for call_type, status in (("0", incoming), ("1", outgoing)):
        said = {"disposition": disposition, "historyData": "", "callType": call_type}
        call = hook.call((NOW + 80, completed(**said)))
        assert call.status is status
        is_talk = status is Status.ANSWERED
        assert call.talked == is_talk
        assert call.lost == (call_type == "0" and not is_talk and not status.is_live)
        has_sound = disposition in {"ANSWER", "TRANSFER", "VM-SUCCESS"}
        assert (call.recording_url is not None) == has_sound


async def test_voicemail_is_no_talk_of_whom_it_rang(hook: Hook) -> None:
    call = hook.call((NOW + 80, completed(disposition="VM-SUCCESS", historyData="")))
    assert (call.talked, call.extension, call.rang) == (False, None, ("902",))
    assert (call.wait, call.talk) == (72, 0)


async def test_an_outgoing_call_is_of_who_dialled(hook: Hook) -> None:
    call = hook.call((NOW + 80, completed(callType="1", disposition="NOANSWER", billsec="0")))
    assert (call.direction, call.client, call.extension) == (
        Direction.OUT,
        "+380671234567",
        "902",
    )
    assert (call.caller_number, call.callee_name, call.rang) == ("902", "Ганна", ())


async def test_the_older_shape_is_read_too(hook: Hook) -> None:
    older = {
        "generalCallID": "78",
        "callID": "78",
        "startTime": NOW,
        "callType": 0,
        "internalNumber": 902,
        "externalNumber": "0671234567",
        "employeeName": "Олена",
        "employeeEmail": "olena@example.com",
        "dstNumbers": [{"dstNumber": "901"}, {"dstNumber": "902"}],
        "waitsec": "4",
        "billsec": "68",
        "disposition": "ANSWER",
        "did": "0445550101",
        "didName": "Main",
    }
    posted = {"requestType": "apiCallCompleted", "callDetails": older}
    for body, kind in ((as_form(posted), FORM), (json.dumps(posted).encode(), "application/json")):
        [call] = hook.source.read_hook(body, kind)
        assert isinstance(call, CallFacts)
        assert (call.extension, call.rang, call.line) == ("902", ("901", "902"), "0445550101")
        assert (call.callee.name, call.recording_url) == ("Олена", "pbx:78")


@pytest.mark.parametrize("empty", ["", None, [], "0"])
async def test_what_is_empty_is_not_known(hook: Hook, empty: object) -> None:
    fields = ("historyData", "customerData", "employeeData", "pbxNumberData", "waitsec", "billsec")
    posted = completed(**dict.fromkeys(fields, empty))
    [call] = hook.source.read_hook(json.dumps(posted).encode(), "application/json")
    assert isinstance(call, CallFacts)
    assert (call.status, call.extension, call.line) == (Status.ANSWERED, "902", None)
    assert call.caller.name is None


@pytest.mark.parametrize(
    "changes",
    [
        {"disposition": "SMS-SUCCESS"},
        {"disposition": "SUCCESS"},
        {"disposition": "FAILED"},
        {"smsContent": "Ваш код 1234"},
    ],
)
async def test_an_sms_or_a_fax_is_no_call(hook: Hook, changes: dict[str, str]) -> None:
    assert hook.read((NOW, completed(**changes))) == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"generalCallID": ""}, "generalCallID"),
        ({"generalCallID": "7" * 201}, "generalCallID"),
        ({"callType": "9"}, "callType"),
        ({"startTime": "soon"}, "startTime"),
        ({"startTime": "0"}, "startTime"),
        ({"startTime": str(NOW + 10 * 86400)}, "startTime"),
    ],
)
async def test_what_cannot_be_read_is_a_reject(
    hook: Hook, changes: dict[str, str], reason: str
) -> None:
    [reject] = hook.source.read_hook(as_form(completed(**changes)), FORM)
    assert isinstance(reject, Reject)
    assert reject.errors[0].startswith(reason)


async def test_what_is_no_form_is_a_reject(hook: Hook) -> None:
    for body, kind in ((b"[1]", "application/json"), (b"{broken", "application/json")):
        [reject] = hook.source.read_hook(body, kind)
        assert isinstance(reject, Reject)
    odd = live("hangupTheCall", generalCallID="")
    [reject] = hook.source.read_hook(as_form(odd), FORM)
    assert isinstance(reject, Reject)


async def test_a_number_for_a_name_is_no_name(hook: Hook) -> None:
    call = hook.call((NOW + 80, completed(customerData={"name": "067 123-45-67"})))
    assert call.caller_name is None
    outside = {"customerDataFromOutside": {"name": "Іван"}, "customerData": ""}
    assert hook.call((NOW + 80, completed(**outside))).caller_name == "Іван"
