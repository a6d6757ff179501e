"""Calls told by events of AMI, one kind after another, as Asterisk tells of them."""

import pytest

from bot.domain.calls import Direction, EndedBy, Status
from tests.support.ami_events import START, Asterisk, Leg

IN, OUT, INTERNAL = Direction


@pytest.fixture
def pbx() -> Asterisk:
    return Asterisk()


def answered(pbx: Asterisk, extension: str = "101") -> tuple[Leg, Leg]:
    """A client talks with an extension that rang for two seconds."""
    client = pbx.client()
    phone = pbx.dial(client, f"PJSIP/{extension}")
    pbx.wait(2)
    pbx.talk(client, phone, f"b{len(pbx.bridges) + 1}")
    pbx.wait(3)
    return client, phone


def test_a_call_is_told_as_it_happens(pbx: Asterisk) -> None:
    client, phone = answered(pbx)
    pbx.hang_up(phone, client)
    told = [(one.status, one.ended_at is not None) for one in pbx.stated]
    assert [*dict.fromkeys(told)] == [
        (Status.RINGING, False),
        (Status.CONNECTING_OPERATOR, False),
        (Status.ANSWERED, False),
        (Status.ANSWERED, True),
    ]
    [call] = pbx.log()
    assert (call.direction, call.extension, call.rang) == (IN, "101", ("101",))
    assert (call.line, call.caller_number) == ("0445550101", "0671112233")
    assert (call.started_at, call.wait, call.talk) == (START, 2, 3)
    assert call.ended_by is EndedBy.CALLEE


def test_who_gives_up_is_lost_and_hung_up(pbx: Asterisk) -> None:
    client = pbx.client()
    phone = pbx.dial(client, "PJSIP/101")
    pbx.wait(7)
    pbx.say("HangupRequest", client.packet(), cause="127")
    pbx.end_dial(client, phone, "CANCEL")
    pbx.gone(client, phone, cause=127)
    [call] = pbx.log()
    assert (call.status, call.lost, call.wait) == (Status.MISSED, True, 7)
    assert call.ended_by is EndedBy.CALLER


@pytest.mark.parametrize("ends", ["voicemail", "ivr", "local"])
def test_machines_answer_in_nobodys_name(pbx: Asterisk, ends: str) -> None:
    client = pbx.client()
    if ends == "ivr":
        pbx.up(client)
    elif ends == "voicemail":
        phone = pbx.dial(client, "PJSIP/101")
        pbx.wait(5)
        pbx.end_dial(client, phone, "NOANSWER")
        pbx.gone(phone)
        pbx.up(client)
    else:  # a queue whose member's voicemail answers
        pbx.up(client)
        first, second = pbx.local("101@from-queue", of=client)
        pbx.begin(client, first, "Local/101@from-queue/n")
        pbx.answer(client, first)
        pbx.up(second)
        pbx.bridge("q", first, client)
    pbx.wait(5)
    pbx.hang_up(client)
    [call] = pbx.log()
    assert (call.status, call.lost, call.extension) == (Status.MISSED, True, None)
    assert call.ended_by is EndedBy.CALLER


def test_a_queue_reaches_its_members_by_local_channels(pbx: Asterisk) -> None:
    client = pbx.client()
    pbx.up(client)
    pbx.say("QueueCallerJoin", client.packet(), queue="sales")
    legs = []
    for extension in ("101", "102"):
        first, second = pbx.local(f"{extension}@from-queue", of=client)
        pbx.begin(client, first, f"Local/{extension}@from-queue/n")
        legs.append((first, second, pbx.dial(second, f"PJSIP/{extension}")))
    pbx.wait(4)
    first, second, phone = legs[1]
    pbx.talk(second, phone, "inner")
    pbx.answer(client, first)
    pbx.bridge("outer", first, client)
    other = legs[0]
    pbx.end_dial(other[1], other[2], "CANCEL")
    pbx.gone(*other, cause=26)
    pbx.wait(6)
    pbx.hang_up(phone, second, first, client)
    [call] = pbx.log()
    assert (call.queue, call.extension, call.rang) == ("sales", "102", ("101", "102"))
    assert (call.wait, call.talk, call.ended_by) == (4, 6, EndedBy.CALLEE)


def test_local_channels_may_be_taken_out_of_the_way(pbx: Asterisk) -> None:
    client = pbx.client()
    first, second = pbx.local("101@from-internal", of=client)
    pbx.begin(client, first, "101@from-internal")
    phone = pbx.dial(second, "PJSIP/101")
    pbx.wait(2)
    pbx.talk(second, phone, "inner")
    pbx.talk(client, first, "outer")
    pbx.bridge("outer", phone)
    pbx.gone(first, second)
    pbx.wait(2)
    pbx.hang_up(client, phone)
    [call] = pbx.log()
    assert (call.extension, call.wait, call.talk) == ("101", 2, 2)
    assert call.ended_by is EndedBy.CALLER


def test_a_mobile_that_stands_for_an_extension_is_that_extension(pbx: Asterisk) -> None:
    client = pbx.client()
    first, second = pbx.local("FMPR-101@from-internal", of=client)
    pbx.begin(client, first, "FMPR-101@from-internal")
    mobile = pbx.dial(second, "PJSIP/trunk", "0501234567@trunk")
    pbx.talk(second, mobile, "inner")
    pbx.talk(client, first, "outer")
    pbx.hang_up(client, first, second, mobile)
    [call] = pbx.log()
    assert (call.status, call.extension, call.rang) == (Status.ANSWERED, "101", ("101",))


def test_a_hunt_rings_one_after_another(pbx: Asterisk) -> None:
    client = pbx.client()
    for extension in ("101", "102"):
        phone = pbx.dial(client, f"PJSIP/{extension}")
        pbx.wait(5)
        pbx.end_dial(client, phone, "NOANSWER")
        pbx.gone(phone)
    pbx.gone(client)
    [call] = pbx.log()
    assert (call.status, call.rang, call.wait) == (Status.MISSED, ("101", "102"), 10)
    assert call.ended_by is EndedBy.SYSTEM


@pytest.mark.parametrize(
    ("cause", "status"),
    [(3, Status.MISSED_OFFLINE), (20, Status.MISSED_OFFLINE), (34, Status.NO_CHANNELS)],
)
def test_a_call_that_reached_no_telephone(pbx: Asterisk, cause: int, status: Status) -> None:
    client = pbx.client(number="")
    pbx.gone(client, cause=cause)
    [call] = pbx.log()
    assert (call.status, call.client, call.rang) == (status, None, ())


def test_a_blind_transfer_is_one_call(pbx: Asterisk) -> None:
    client, phone = answered(pbx)
    pbx.say("BlindTransfer", phone.packet("transferer"), client.packet("transferee"))
    pbx.hang_up(phone)
    pbx.leave("b1", client)
    other = pbx.dial(client, "PJSIP/102")
    pbx.wait(2)
    pbx.talk(client, other, "b2")
    pbx.wait(5)
    pbx.hang_up(client, other)
    [call] = pbx.log()
    assert (call.extension, call.rang) == ("101", ("101", "102"))
    assert (call.wait, call.talk, call.ended_by) == (2, 10, EndedBy.CALLER)


def test_a_blind_transfer_that_nobody_takes_is_still_a_talk(pbx: Asterisk) -> None:
    client, phone = answered(pbx)
    pbx.say("BlindTransfer", phone.packet("transferer"), client.packet("transferee"))
    pbx.hang_up(phone)
    other = pbx.dial(client, "PJSIP/102")
    pbx.wait(5)
    pbx.end_dial(client, other, "NOANSWER")
    pbx.gone(other, client)
    [call] = pbx.log()
    assert (call.status, call.talk, call.ended_by) == (Status.ANSWERED, 8, EndedBy.SYSTEM)


@pytest.mark.parametrize("is_older", [False, True])
def test_an_attended_transfer_is_one_call(pbx: Asterisk, is_older: bool) -> None:
    """The colleague is asked in a call of its own, with a linkedid of its own (SIP REFER)."""
    if is_older:
        asking = pbx.phone("101", "102")
        asked = pbx.dial(asking, "PJSIP/102")
        pbx.wait(1)
        client, phone = answered(pbx)
    else:
        client, phone = answered(pbx)
        asking = pbx.phone("101", "102")
        asked = pbx.dial(asking, "PJSIP/102")
    pbx.talk(asking, asked, "b2")
    pbx.wait(2)
    pbx.say("AttendedTransfer", phone.packet("origtransferer"), asking.packet("secondtransferer"))
    pbx.bridge("b2", client)
    pbx.hang_up(phone, asking)
    pbx.wait(4)
    pbx.hang_up(asked, client)
    [call] = pbx.log()
    assert (call.direction, call.extension, call.caller_number) == (IN, "101", "0671112233")
    assert (call.wait, call.talk, call.ended_by) == (2, 9, EndedBy.CALLEE)
    assert "102" in call.rang


def test_the_client_takes_the_place_of_who_asked(pbx: Asterisk) -> None:
    """As Asterisk does where the colleague has just answered: the client enters no bridge."""
    phone = pbx.phone("101", "0671112233")
    far = pbx.dial(phone, "PJSIP/trunk", "0671112233@trunk")
    pbx.talk(phone, far, "b1")
    pbx.wait(1)
    asking = pbx.phone("101", "102")
    asked = pbx.dial(asking, "PJSIP/102")
    pbx.answer(asking, asked)
    transfer = [phone.packet("origtransferer"), asking.packet("secondtransferer")]
    pbx.say("AttendedTransfer", *transfer, far.packet("transferee"), desttype="App")
    pbx.hang_up(phone)
    pbx.bridge("b2", asked, asking)
    pbx.gone(asking)
    pbx.wait(4)
    pbx.hang_up(far, asked)
    [call] = pbx.log()
    assert (call.direction, call.rang, call.talk) == (OUT, ("102",), 5)
    assert call.ended_by is EndedBy.CALLEE


def test_a_transfer_that_failed_gives_nothing_away(pbx: Asterisk) -> None:
    client, phone = answered(pbx)
    pbx.say("BlindTransfer", phone.packet("transferer"), result="Fail")
    pbx.hang_up(phone, client)
    [call] = pbx.log()
    assert call.ended_by is EndedBy.CALLEE


def test_who_is_told_that_we_are_busy_has_not_hung_up(pbx: Asterisk) -> None:
    client = pbx.client()
    client.state = 7
    pbx.say("Newstate", client.packet())
    pbx.hang_up(client, cause=34)
    [call] = pbx.log()
    assert (call.status, call.ended_by) == (Status.NO_CHANNELS, EndedBy.SYSTEM)


def test_a_client_passed_on_to_another_client_is_two_calls(pbx: Asterisk) -> None:
    client, phone = answered(pbx)
    asking = pbx.phone("101", "0509998877")
    far = pbx.dial(asking, "PJSIP/trunk", "0509998877@trunk")
    pbx.talk(asking, far, "b2")
    pbx.wait(2)
    pbx.say("AttendedTransfer", phone.packet("origtransferer"), asking.packet("secondtransferer"))
    pbx.bridge("b2", client)
    pbx.hang_up(phone, asking)
    pbx.wait(4)
    pbx.hang_up(client, far)
    first, second = pbx.log()
    assert (first.direction, first.client, first.talk) == (IN, "+380671112233", 9)
    assert (second.direction, second.client, second.talk) == (OUT, "+380509998877", 6)


def test_who_picks_up_has_answered(pbx: Asterisk) -> None:
    client = pbx.client()
    phone = pbx.dial(client, "PJSIP/101")
    pbx.wait(2)
    picker = pbx.phone("102", "*8")
    pbx.up(picker)
    pbx.say("Pickup", picker.packet(), phone.packet("target"))
    pbx.end_dial(client, picker, "ANSWER")
    pbx.up(client)
    pbx.say("Rename", channel=phone.name, newname=f"{phone.name}<ZOMBIE>", uniqueid=phone.uniqueid)
    pbx.gone(phone, cause=26)
    pbx.bridge("b", picker, client)
    pbx.wait(3)
    pbx.hang_up(picker, client)
    [call] = pbx.log()
    assert (call.extension, call.rang, call.wait, call.talk) == ("102", ("101",), 2, 3)
    assert call.ended_by is EndedBy.CALLEE


def test_parking_and_taking_back_is_one_call(pbx: Asterisk) -> None:
    client, phone = answered(pbx)
    stranger, _ = answered(pbx, "105")
    pbx.bridge("lot", stranger, client, technology="holding_bridge")
    pbx.say("ParkedCall", client.packet("parkee"), parkingspace="701")
    pbx.hang_up(phone)
    pbx.wait(5)
    taker = pbx.phone("102", "701")
    pbx.up(taker)
    pbx.leave("lot", client)
    pbx.say("UnParkedCall", client.packet("parkee"), taker.packet("retriever"))
    pbx.bridge("b3", taker, client)
    pbx.wait(4)
    pbx.hang_up(client, taker)
    calls = {one.external_id: one for one in pbx.log()}
    assert set(calls) == {client.uniqueid, stranger.uniqueid}
    call = calls[client.uniqueid]
    assert (call.extension, call.ended_by, call.talk) == ("101", EndedBy.CALLER, 17)


def test_a_parked_client_who_goes_away_has_hung_up(pbx: Asterisk) -> None:
    client, phone = answered(pbx)
    pbx.bridge("lot", client, technology="holding_bridge")
    pbx.say("ParkedCall", client.packet("parkee"), parkingspace="701")
    pbx.hang_up(phone)
    pbx.wait(60)
    pbx.hang_up(client)
    [call] = pbx.log()
    assert (call.status, call.ended_by) == (Status.ANSWERED, EndedBy.CALLER)


@pytest.mark.parametrize("is_local", [False, True])
def test_click_to_call_counts_from_the_clients_leg(pbx: Asterisk, is_local: bool) -> None:
    if is_local:
        root, second = pbx.local("101@from-internal")
        pbx.begin(None, root, "101@from-internal")
        phone = pbx.dial(second, "PJSIP/101")
        pbx.wait(3)
        pbx.talk(second, phone, "inner")
        pbx.answer(None, root)
    else:
        root = phone = pbx.channel("PJSIP/101", number="101")
        pbx.begin(None, root, "101")
        pbx.wait(3)
        pbx.answer(None, root)
    root.exten = "0671112233"
    assert pbx.log() == []
    far = pbx.dial(root, "PJSIP/trunk", "0671112233@trunk")
    pbx.wait(4)
    pbx.answer(root, far)
    pbx.bridge("b", far, root)
    pbx.wait(5)
    pbx.hang_up(far, root, *([second, phone] if is_local else []))
    [call] = pbx.log()
    assert (call.direction, call.extension, call.client) == (OUT, "101", "+380671112233")
    assert (call.started_at, call.wait, call.talk) == (START + 3, 4, 5)
    assert call.ended_by is EndedBy.CALLEE


def test_a_click_to_call_that_our_side_does_not_take_is_no_call(pbx: Asterisk) -> None:
    root = pbx.channel("PJSIP/101", number="101")
    pbx.begin(None, root, "101")
    pbx.wait(20)
    pbx.end_dial(None, root, "NOANSWER")
    pbx.gone(root)
    assert pbx.log() == []


@pytest.mark.parametrize(
    ("dial_status", "cause", "status", "ended_by"),
    [
        ("BUSY", 17, Status.REJECTED_BY_SUBSCRIBER, EndedBy.CALLEE),
        ("BUSY", 19, Status.NO_ANSWER, EndedBy.SYSTEM),  # chan_sip, of a telephone that is off
        ("NOANSWER", 21, Status.REJECTED_BY_SUBSCRIBER, EndedBy.CALLEE),
        ("CHANUNAVAIL", 20, Status.UNREACHABLE, EndedBy.SYSTEM),
        ("CONGESTION", 34, Status.NO_CHANNELS, EndedBy.SYSTEM),
        ("NOANSWER", 0, Status.NO_ANSWER, EndedBy.SYSTEM),
    ],
)
def test_why_a_client_was_not_reached(
    pbx: Asterisk, dial_status: str, cause: int, status: Status, ended_by: EndedBy
) -> None:
    phone = pbx.phone("101", "0671112233")
    far = pbx.dial(phone, "PJSIP/trunk", "0671112233@trunk")
    pbx.wait(3)
    pbx.end_dial(phone, far, dial_status)
    pbx.gone(far, phone, cause=cause)
    [call] = pbx.log()
    assert (call.direction, call.status, call.ended_by) == (OUT, status, ended_by)
    assert (call.wait, call.extension) == (3, "101")


def test_the_second_trunk_decides(pbx: Asterisk) -> None:
    phone = pbx.phone("101", "0671112233")
    first = pbx.dial(phone, "PJSIP/one", "0671112233@one")
    pbx.end_dial(phone, first, "CONGESTION")
    pbx.gone(first, cause=34)
    second = pbx.dial(phone, "PJSIP/two", "0671112233@two")
    pbx.talk(phone, second, "b")
    pbx.hang_up(phone, second)
    [call] = pbx.log()
    assert (call.status, call.ended_by) == (Status.ANSWERED, EndedBy.CALLER)


def test_internal_calls_are_told_when_they_are_over(pbx: Asterisk) -> None:
    phone = pbx.phone("101", "102")
    other = pbx.dial(phone, "PJSIP/102")
    pbx.talk(phone, other, "b")
    assert pbx.log() == []
    pbx.hang_up(phone, other)
    [call] = pbx.log()
    assert (call.direction, call.status, call.callee_number) == (INTERNAL, Status.ANSWERED, "102")


def test_calls_at_once_are_not_mixed_up(pbx: Asterisk) -> None:
    talks = [answered(pbx, str(extension)) for extension in range(101, 111)]
    for number, (client, phone) in enumerate(talks):
        pbx.hang_up(*((client, phone) if number % 2 else (phone, client)))
    calls = pbx.log()
    assert [one.extension for one in calls] == [str(extension) for extension in range(101, 111)]
    assert {one.ended_by for one in calls[::2]} == {EndedBy.CALLEE}
    assert {one.ended_by for one in calls[1::2]} == {EndedBy.CALLER}


def test_a_talk_that_the_network_ends(pbx: Asterisk) -> None:
    client, phone = answered(pbx)
    pbx.gone(phone, client, cause=44)
    [call] = pbx.log()
    assert (call.status, call.talked, call.ended_by) == (
        Status.NETWORK_ERROR,
        True,
        EndedBy.SYSTEM,
    )


def test_messages_are_no_calls(pbx: Asterisk) -> None:
    pbx.gone(pbx.channel("Message/ast_msg_queue", state=6))
    pbx.gone(pbx.channel("Local/sms@gsm-0001;2", state=4, exten="sms", context="gsm"))
    assert pbx.log() == []


# Breaks


def test_who_talked_before_a_break_stays_answered(pbx: Asterisk) -> None:
    answered(pbx)
    pbx.lose(30)
    pbx.list_channels()
    [call] = pbx.log()
    assert (call.status, call.extension, call.ended_at) == (Status.ANSWERED, "101", None)


def test_who_still_rings_after_a_break_is_followed_to_the_end(pbx: Asterisk) -> None:
    client = pbx.client()
    phone = pbx.dial(client, "PJSIP/101")
    pbx.lose(2)
    pbx.list_channels(client, phone)
    pbx.wait(3)
    pbx.end_dial(client, phone, "NOANSWER")
    pbx.gone(phone, client)
    [call] = pbx.log()
    assert (call.status, call.lost, call.wait) == (Status.MISSED, True, 5)


def test_what_may_have_been_answered_meanwhile_is_not_called_lost(pbx: Asterisk) -> None:
    client = pbx.client()
    pbx.up(client)  # an IVR
    pbx.lose(30)
    pbx.list_channels(client)
    pbx.hang_up(client)
    [call] = pbx.log()
    assert call.status.is_live


def test_a_queue_that_says_how_long_it_held_proves_that_nobody_answered(pbx: Asterisk) -> None:
    client = pbx.client()
    pbx.up(client)
    pbx.say("QueueCallerJoin", client.packet(), queue="sales")
    pbx.wait(3)
    pbx.lose(5)
    pbx.list_channels(client)
    pbx.wait(2)
    pbx.say("QueueCallerAbandon", client.packet(), queue="sales", holdtime="10")
    pbx.hang_up(client)
    [call] = pbx.log()
    assert (call.status, call.lost, call.wait) == (Status.MISSED, True, 10)


def test_a_record_proves_an_answer_that_was_missed(pbx: Asterisk) -> None:
    client = pbx.client()
    pbx.up(client)
    pbx.lose(30)
    pbx.list_channels(client)
    pbx.hang_up(client)
    pbx.say(
        "Cdr",
        uniqueid=client.uniqueid,
        disposition="ANSWERED",
        destinationchannel="PJSIP/101-00000009",
        lastapplication="Dial",
    )
    [call] = pbx.log()
    assert (call.status, call.extension, call.answered_at) == (Status.ANSWERED, "101", None)


def test_calls_alive_at_the_first_connection(pbx: Asterisk) -> None:
    ringing = Leg("PJSIP/trunk-1", f"{START - 9}.1", f"{START - 9}.1", "0671112233")
    ringing.context, ringing.exten, ringing.state = "from-trunk", "0445550101", 4
    leg = Leg("PJSIP/101-2", f"{START - 8}.2", ringing.linkedid, "101", state=5)
    talking = Leg("PJSIP/trunk-3", f"{START - 60}.3", f"{START - 60}.3", "0671112244", state=6)
    talking.context, talking.exten = "macro-dial-one", "s"
    phone = Leg("PJSIP/102-4", f"{START - 59}.4", talking.linkedid, "102", state=6)
    waiting = Leg("PJSIP/trunk-5", f"{START - 30}.5", f"{START - 30}.5", "0671112255", state=6)
    waiting.context, waiting.exten = "ext-queues", "600"
    pbx.bridges["b"] = [talking, phone]
    for one, application in ((leg, "AppDial"), (phone, "AppDial"), (waiting, "Queue")):
        fields = {"application": application, "bridgeid": "b" if one is phone else ""}
        pbx.say("CoreShowChannel", one.packet(), fields)
    pbx.list_channels(ringing, talking)
    pbx.wait(5)
    pbx.gone(leg, ringing)
    pbx.hang_up(talking, phone)
    pbx.hang_up(waiting)
    calls = {one.external_id: one for one in pbx.log()}
    assert set(calls) == {ringing.uniqueid, talking.uniqueid}
    rung = calls[ringing.uniqueid]
    assert (rung.status, rung.started_at, rung.wait) == (Status.MISSED, START - 9, 14)
    talked = calls[talking.uniqueid]
    assert (talked.status, talked.extension) == (Status.ANSWERED, "102")
    assert (talked.answered_at, talked.ended_at) == (None, START + 5)


def test_a_call_of_ours_alive_at_the_first_connection(pbx: Asterisk) -> None:
    phone = Leg("PJSIP/105-1", f"{START - 9}.1", f"{START - 9}.1", "0445550101", state=6)
    phone.context = "macro-dialout-trunk"
    far = Leg("PJSIP/trunk-2", f"{START - 9}.2", phone.linkedid, "s", state=6)
    far.context, far.exten = "from-trunk-pjsip-trunk", ""
    pbx.bridges["b"] = [phone, far]
    dial = {"application": "Dial", "applicationdata": "PJSIP/0671112233@trunk,8,T"}
    pbx.say("CoreShowChannel", phone.packet(), dial, bridgeid="b")
    pbx.list_channels(far, application="AppDial")
    pbx.wait(5)
    pbx.hang_up(far, phone)
    [call] = pbx.log()
    assert (call.direction, call.status, call.extension) == (OUT, Status.ANSWERED, "105")
    assert (call.client, call.ended_by) == ("+380671112233", EndedBy.CALLEE)


def test_a_queue_tells_that_nobody_answered_before_the_first_connection(pbx: Asterisk) -> None:
    client = Leg("PJSIP/trunk-1", f"{START - 9}.1", f"{START - 9}.1", "0671112233", state=6)
    client.context, client.exten = "ext-queues", "500"
    pbx.list_channels(client, application="Queue")
    pbx.count = 5
    phone = pbx.dial(client, "PJSIP/101")
    pbx.wait(3)
    pbx.answer(client, phone)
    pbx.say("AgentConnect", client.packet(), queue="sales", holdtime="12")
    pbx.bridge("b", phone, client)
    pbx.wait(2)
    pbx.hang_up(client, phone)
    [call] = pbx.log()
    assert (call.extension, call.wait, call.talk) == ("101", 12, 2)


def test_a_restart_of_asterisk_ends_every_call(pbx: Asterisk) -> None:
    answered(pbx)
    pbx.dial(pbx.client("0509998877"), "PJSIP/102")
    pbx.wait(4)
    pbx.say("Shutdown", shutdown="Uncleanly", restart="True")
    talked, rung = pbx.log()
    assert (talked.status, talked.talk, talked.ended_by) == (
        Status.ANSWERED,
        7,
        EndedBy.SYSTEM,
    )
    assert (rung.status, rung.wait, rung.ended_by) == (Status.MISSED, 4, EndedBy.SYSTEM)


@pytest.mark.parametrize("proof", ["time", "number"])
def test_a_restart_that_nobody_announced_is_seen_by_its_start(pbx: Asterisk, proof: str) -> None:
    pbx.dial(pbx.client(), "PJSIP/102")
    pbx.wait(4)
    pbx.lose(6)
    pbx.say("FullyBooted", uptime="3")
    pbx.list_channels()
    [call] = pbx.log()
    assert call.status.is_live  # whoever answers may be mistaken
    pbx.wait(31)
    if proof == "time":
        pbx.calls.tick(pbx.now)
    else:
        pbx.count = 0
    pbx.client("0509998877")
    first, *_ = pbx.log()
    assert (first.status, first.wait, first.ended_by) == (Status.MISSED, 4, EndedBy.SYSTEM)


def test_memory_is_bounded(pbx: Asterisk) -> None:
    pbx.calls.tick(pbx.now)
    for _ in range(1500):
        client, phone = answered(pbx)
        pbx.hang_up(client, phone)
        pbx.events.clear()
        pbx.stated.clear()
        pbx.bridges.clear()
    for _ in range(200):
        pbx.client()  # whose end never comes
    assert pbx.calls.size < 4500
    pbx.wait(86_400)
    pbx.calls.tick(pbx.now)
    pbx.wait(86_400)
    pbx.calls.tick(pbx.now)
    assert pbx.calls.size < 4500
