"""What the CDRs of a call say together: direction, status, who called and who was rung."""

from typing import Any

import pytest

from bot.domain.calls import Direction, Status
from tests.support.master_csv import linked, merged, only_call, read, row


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("ANSWERED", Status.ANSWERED),
        ("NO ANSWER", Status.MISSED),
        ("BUSY", Status.MISSED),
        ("FAILED", Status.MISSED_OFFLINE),
        ("CONGESTION", Status.NO_CHANNELS),
        ("UNKNOWN", Status.UNKNOWN_ERROR),
    ],
)
def test_words_of_an_incoming_call(said: str, status: Status) -> None:
    facts = only_call(row(disposition=said))
    assert (facts.direction, facts.status, facts.raw_status) == (Direction.IN, status, said)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("ANSWERED", Status.ANSWERED),
        ("NO ANSWER", Status.NO_ANSWER),
        ("BUSY", Status.REJECTED_BY_SUBSCRIBER),
        ("FAILED", Status.UNREACHABLE),
        ("CONGESTION", Status.NO_CHANNELS),
        ("", Status.UNKNOWN_ERROR),
    ],
)
def test_words_of_an_outgoing_call(said: str, status: Status) -> None:
    facts = only_call(outgoing(disposition=said))
    assert (facts.direction, facts.status) == (Direction.OUT, status)
    assert (facts.extension, facts.rang) == ("101", ())
    assert (facts.caller.number, facts.callee.number) == ("101", "0671234567")


@pytest.mark.parametrize("app", ["ConfBridge", "MeetMe"])
@pytest.mark.parametrize(
    ("other", "status", "extension"),
    [
        ("PJSIP/provider-00000026", Status.MISSED, None),
        ("PJSIP/101-00000026", Status.ANSWERED, "101"),
    ],
)
def test_in_a_conference_clients_may_be_alone(
    app: str, other: str, status: Status, extension: str | None
) -> None:
    facts = only_call(row(app=app, data="820", dstchannel=other, disposition="ANSWERED"))
    assert (facts.status, facts.extension) == (status, extension)


def outgoing(*, src: str = "101", **cells: Any) -> bytes:
    cells = {
        "dst": "0671234567",
        "context": "from-internal",
        "channel": "PJSIP/101-00000001",
        "dstchannel": "PJSIP/trunk-00000002",
        "data": "PJSIP/0671234567@trunk,60",
    } | cells
    return row(src=src, **cells)


@pytest.mark.parametrize(
    ("dst", "data"),
    [
        ("0671234569", "PJSIP/380671234569@kyivstar"),
        ("0671234569", "PJSIP/kyivstar/sip:380671234569@10.0.0.1,60,tT"),
        ("0671234569", "SIP/trunk/0671234569"),
        ("380671234569", "PJSIP/0671234569@kyivstar"),
        ("+380671234569", "PJSIP/380671234569@kyivstar"),
        ("90671234569", "PJSIP/0671234569@kyivstar&PJSIP/0671234569@life"),
    ],
)
@pytest.mark.parametrize("said", ["ANSWERED", "NO ANSWER"])
def test_a_phone_with_a_name_calls_out(dst: str, data: str, said: str) -> None:
    facts = only_call(
        outgoing(
            src="380445550101",
            dst=dst,
            channel="PJSIP/reception-00000001",
            data=data,
            disposition=said,
        )
    )
    assert (facts.direction, facts.extension) == (Direction.OUT, "reception")
    assert facts.callee.number == dst


def test_what_a_macro_dialled_is_the_client() -> None:
    facts = only_call(outgoing(context="macro-dialout-trunk", dst="s", src="0445550101"))
    assert (facts.direction, facts.callee.number) == (Direction.OUT, "0671234567")


def test_a_call_from_our_own_number_is_no_incoming_one() -> None:
    own = {"own_numbers": "+380445550101"}
    named: dict[str, Any] = {"src": "0445550101", "channel": "PJSIP/reception-1"}
    out = only_call(outgoing(**named, data="DAHDI/g1/x"), **own)
    assert (out.direction, out.extension) == (Direction.OUT, "reception")
    inside = only_call(outgoing(**named, dst="102", data="PJSIP/102"), **own)
    assert inside.direction is Direction.INTERNAL
    assert only_call(row(src="0445550101"), **own).direction is Direction.IN


@pytest.mark.parametrize("app", ["Queue", "BackGround", "VoiceMail", "Playback"])
def test_a_machine_alone_answering_leaves_the_call_lost(app: str) -> None:
    answered = "2026-11-22 10:00:00"
    log = row(dstchannel="", app=app, data="sales,t", disposition="ANSWERED", answer=answered)
    call = merged(read(log))["1795341600.1"]
    assert (call.status, call.lost, call.wait, call.talk) == (Status.MISSED, True, 5, 0)


def test_voicemail_after_the_dial_is_no_talk_even_with_a_channel() -> None:
    dial = row()
    mail = row(app="VoiceMail", disposition="ANSWERED", answer="2026-11-22 10:00:05")
    assert only_call(mail).status is Status.MISSED
    assert only_call(dial + mail).status is Status.MISSED


def test_one_offline_extension_does_not_hide_one_that_rang() -> None:
    offline = row(dstchannel="", data="PJSIP/102", disposition="FAILED")
    assert only_call(offline).status is Status.MISSED_OFFLINE
    assert only_call(offline + row()).status is Status.MISSED
    assert only_call(offline + row()).rang == ("101",)


@pytest.mark.parametrize(
    ("dstchannel", "data", "rang", "extension"),
    [
        ("PJSIP/101-0000001a", "PJSIP/101,20", ("101",), "101"),
        ("PJSIP/101-0000001a", "PJSIP/101&PJSIP/102,20", ("101", "102"), "101"),
        ("SIP/101-0000001a", "SIP/101|20|tr", ("101",), "101"),
        ("IAX2/world-12", "IAX2/world/101,8", ("101",), "101"),
        ("IAX2/world-12", "IAX2/world/101&IAX2/world/102,8", ("101", "102"), None),
        ("PJSIP/101-0000001a", "PJSIP/101/sip:k2j4@10.0.0.5:5060;ob,,Tt", ("101",), "101"),
        ("Local/101@from-queue-0000001;1", "Local/101@from-queue/n,20", ("101",), "101"),
        ("Local/FMPR-101@from-internal-01;1", "Local/FMPR-101@from-internal", ("101",), "101"),
        ("DAHDI/11-1", "DAHDI/11,20", (), None),
        ("PJSIP/trunk-0000001a", "PJSIP/0631112233@trunk,20", (), None),
        ("", "PJSIP/101,20", (), None),
        ("PJSIP/olena-0000001a", "PJSIP/olena&PJSIP/ivan,20", ("olena", "ivan"), "olena"),
        ("PJSIP/100001-0000001a", "PJSIP/100001,20", ("100001",), "100001"),
        ("SCCP/101-00000001", "SCCP/101,20", ("101",), "101"),
    ],
)
def test_who_was_rung_and_who_answered(
    dstchannel: str, data: str, rang: tuple[str, ...], extension: str | None
) -> None:
    facts = only_call(row(dstchannel=dstchannel, data=data, disposition="ANSWERED"))
    assert (facts.rang, facts.extension) == (rang, extension)


def test_other_extensions_by_setting() -> None:
    facts = only_call(
        row(dstchannel="PJSIP/0001c261-0000001a", data="PJSIP/0001c261", disposition="ANSWERED"),
        extension_pattern=r"^\d{4}c\d{3}$",
    )
    assert facts.extension == "0001c261"


@pytest.mark.parametrize(
    ("cells", "direction"),
    [
        ({"context": "from-trunk-sip-kyivstar"}, Direction.IN),
        ({"context": "mine"}, Direction.IN),
        ({"context": "ext-group", "dst": "600"}, Direction.IN),
        ({"context": "ext-queues", "dst": "400", "app": "Queue", "data": "400,t"}, Direction.IN),
        ({"context": "ivr-1", "dst": "s", "app": "BackGround"}, Direction.IN),
        ({"context": "from-did-direct", "dst": "101"}, Direction.IN),
        ({"context": "from-internal", "src": "", "dst": "101"}, Direction.IN),
        ({"context": "from-internal", "dst": "101", "channel": "Local/101@q-1;2"}, Direction.IN),
        (
            {
                "context": "from-internal",
                "dst": "0631112233",
                "channel": "PJSIP/101-00000001",
                "src": "0445550101",
            },
            Direction.OUT,
        ),
        (
            {"context": "from-internal", "src": "101", "channel": "IAX2/world-1"},
            Direction.OUT,
        ),
        (
            {
                "context": "outbound",
                "dst": "0631112233",
                "dstchannel": "PJSIP/trunk-1",
                "data": "PJSIP/trunk/0631112233,30",
            },
            Direction.OUT,
        ),
        (
            {"context": "from-internal", "src": "101", "dst": "102", "channel": "PJSIP/101-1"},
            Direction.INTERNAL,
        ),
        (
            {"context": "macro-dialout-trunk", "dst": "s", "channel": "PJSIP/olena-1"},
            Direction.OUT,
        ),
        ({"context": "inner", "src": "olena", "channel": "SCCP/olena-1"}, Direction.OUT),
        (
            {"context": "inner", "src": "olena", "dst": "102", "channel": "PJSIP/olena-1"},
            Direction.INTERNAL,
        ),
        ({"context": "inner", "dst": "*43", "channel": "PJSIP/olena-1"}, Direction.INTERNAL),
        (
            {"context": "ext-group", "src": "101", "dst": "600", "channel": "PJSIP/101-1"},
            Direction.INTERNAL,
        ),
        (
            {"context": "from-internal", "src": "101", "dst": "*97", "channel": "PJSIP/101-1"},
            Direction.INTERNAL,
        ),
    ],
)
def test_direction(cells: dict[str, str], direction: Direction) -> None:
    assert only_call(row(**cells)).direction is direction


def test_an_internal_call_knows_both_ends() -> None:
    facts = only_call(
        row(src="102", dst="101", context="from-internal", channel="PJSIP/102-00000001")
    )
    assert (facts.status, facts.extension, facts.rang) == (Status.NO_ANSWER, "102", ("101",))
    assert (facts.caller.number, facts.callee.number) == ("102", "101")


def test_the_line_is_a_number_dialled_from_outside() -> None:
    assert only_call(row()).line == "0445550101"
    assert only_call(row(context="from-did-direct", dst="101")).line is None
    assert only_call(row(context="ext-queues", dst="400")).line is None


def test_a_click_to_call_is_answered_by_the_client_only() -> None:
    ids = [linked("1795341600.1", "1795341600.1"), linked("1795341600.2", "1795341600.1", 2)]
    own = row(
        src="",
        dst="101",
        context="from-internal",
        channel="Local/101@from-internal-00000001;2",
        disposition="ANSWERED",
        answer="2026-11-22 10:00:02",
        extra=ids[1],
    )
    client = row(
        src="",
        dst="0671234567",
        context="from-internal",
        channel="Local/101@from-internal-00000001;1",
        dstchannel="PJSIP/trunk-00000003",
        data="PJSIP/0671234567@trunk",
        extra=ids[0],
    )
    for log in (own + client, client + own):
        facts = only_call(log)
        assert (facts.direction, facts.status) == (Direction.OUT, Status.NO_ANSWER)
        assert (facts.extension, facts.callee.number) == ("101", "0671234567")


@pytest.mark.parametrize(
    ("clid", "name"),
    [
        ('"Acme <b>Ltd</b> & Sons" <0671234567>', "Acme <b>Ltd</b> & Sons"),
        ('"" <0671234567>', None),
        ('"0671234567" <0671234567>', None),
        ('"Anonymous" <0671234567>', None),
        ("Ганна <0671234567>", "Ганна"),
        ('"Ганна \\"Аня\\"" <0671234567>', 'Ганна "Аня"'),
        ('"a\nb\x00\u202ec" <0671234567>', "a b  c"),
        ("0671234567", None),
        ('"' + "я" * 300 + '" <0671234567>', "я" * 200),
        ("", None),
    ],
)
def test_the_callers_name(clid: str, name: str | None) -> None:
    assert only_call(row(clid=clid)).caller.name == name


@pytest.mark.parametrize("number", ["", "anonymous"])
def test_a_hidden_number(number: str) -> None:
    [call] = merged(read(row(src=number))).values()
    assert (call.direction, call.client, call.caller_number) == (Direction.IN, None, None)
