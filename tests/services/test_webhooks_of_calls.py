"""What webhooks tell of calls, charges and gatherings, in whatever order it becomes known."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from tests.booking_makers import World, quarter_after
from tests.fakes.webhook_receiver import receiving
from tests.makers import make_person
from tests.money_makers import make_call, settle
from tests.pictures import picture
from tests.webhook_makers import a_booking, register, sweep
from thserver.domain import webhook_events
from thserver.domain.conferences import ConferenceEvent


async def test_a_call_from_its_first_ring_to_the_receipt_and_back(world: World) -> None:
    services = world.services
    async with receiving() as receiver:
        await register(
            services,
            receiver,
            *(each for each in webhook_events.EVENT_TYPES if not each.startswith("booking")),
        )
        call = await make_call(world)
        await settle(world)
        await services.billing.refund(call.charge_id, 500)
        await services.background.idle()
        told = {each.told["type"]: each.told["data"] for each in receiver.requests}
        assert list(told) == ["charge.succeeded", "charge.refunded"]
        assert told["charge.succeeded"]["total_in_cents"] == 3000
        assert told["charge.refunded"]["refunded_now_in_cents"] == 500
        assert told["charge.succeeded"]["payer_id"] == call.guest.id


async def test_a_card_that_is_declined_is_told_with_its_reason(world: World) -> None:
    async with receiving() as receiver:
        await register(world.services, receiver, "charge.declined")
        await make_call(world, card="pm_card_chargeCustomerFail")
        await settle(world)
        [told] = [each.told["data"] for each in receiver.requests]
        assert (told["why"], told["will_be_tried_again"]) == ("declined", True)
        assert told["reason"]


async def test_whatever_order_the_carrier_tells_a_call_in_each_thing_is_told_once(world: World) -> None:
    services = world.services
    async with receiving() as receiver:
        await register(
            services,
            receiver,
            "conference.started",
            "conference.joined",
            "conference.left",
            "conference.ended",
        )
        booking = await a_booking(world)
        assert booking.starts is not None
        sid = "CF" + 32 * "a"
        events = [
            ConferenceEvent(
                key=str(number),
                sequence_number=number,
                name=name,
                at=booking.starts + timedelta(seconds=number),
                call_sid=call_sid,
                room=booking.room,
            )
            for number, (name, call_sid) in enumerate(
                [
                    ("participant-join", "CA1"),
                    ("conference-start", None),
                    ("participant-join", "CA2"),
                    ("participant-leave", "CA1"),
                    ("participant-leave", "CA2"),
                    ("conference-end", None),
                ],
                start=1,
            )
        ]
        for event in reversed(events):
            await services.conferences.note(booking.id, sid, event)
            await services.conferences.apply(sid)
            await services.conferences.apply(sid)
        await sweep(services)
        told = Counter((each.told["type"], each.told["data"].get("call_sid")) for each in receiver.requests)
        assert told == {
            ("conference.joined", "CA1"): 1,
            ("conference.joined", "CA2"): 1,
            ("conference.started", None): 1,
            ("conference.left", "CA1"): 1,
            ("conference.left", "CA2"): 1,
            ("conference.ended", None): 1,
        }
        assert sorted(each.told["sequence"] for each in receiver.requests) == list(range(1, 7))


async def test_a_gathering_that_is_moved_is_told_with_its_old_time_and_its_new_one(world: World) -> None:
    services = world.services
    async with receiving() as receiver:
        await register(
            services, receiver, "booking.invited", "booking.moved", "booking.left", "booking.cancelled"
        )
        king, guest = [await make_person(services, timezone="UTC") for _ in range(2)]
        first = quarter_after(services.clock.now(), 120)
        gathering = await services.gatherings.create(
            king,
            title="Board games",
            description=None,
            picture=await services.media.prepare(picture(), field="logo"),
            user_ids=[guest.id],
            starts=first,
        )
        await services.background.idle()
        for hours in (1, 2):
            starts = first + timedelta(hours=hours)
            await services.gatherings.update(king, gathering.id, completed=False, starts=starts)
            await services.background.idle()
        await services.gatherings.leave(guest.id, gathering.id)
        await services.background.idle()
        told = {each.told["sequence"]: each.told for each in receiver.requests}
        assert [told[each]["type"] for each in sorted(told)] == [
            "booking.invited", "booking.moved", "booking.moved", "booking.left",
        ]  # fmt: skip
        assert told[1]["data"]["invited_ids"] == [guest.id]
        assert [(told[each]["data"]["previous_starts"], told[each]["data"]["starts"]) for each in (2, 3)] == [
            (
                webhook_events.utc_text(first + timedelta(hours=hours - 1)),
                webhook_events.utc_text(first + timedelta(hours=hours)),
            )
            for hours in (1, 2)
        ]
        assert told[4]["data"]["left_id"] == guest.id
        assert "Board games" not in str(told)


async def test_who_was_known_from_the_records_is_not_told_again_when_the_callback_comes_after_all(
    world: World,
) -> None:
    services = world.services
    async with receiving() as receiver:
        await register(services, receiver, "conference.joined", "conference.left", "conference.ended")
        booking = await a_booking(world)
        assert booking.starts is not None
        sid, start = "CF" + 32 * "b", booking.starts
        end = start + timedelta(minutes=9)
        joined = ConferenceEvent(
            key="2", sequence_number=2, name="participant-join", at=start, call_sid="CA1", room=booking.room
        )
        for event in (
            ConferenceEvent(key="1", sequence_number=1, name="conference-start", at=start, room=booking.room),
            ConferenceEvent(
                key="r", sequence_number=None, name="call-record", at=start, call_sid="CA1", until=end
            ),
            ConferenceEvent(key="w", sequence_number=None, name="conference-record", at=start, until=end),
            joined,
        ):
            await services.conferences.note(booking.id, sid, event)
            await services.conferences.apply(sid)
        await sweep(services)
        assert Counter(receiver.types) == {
            "conference.joined": 1, "conference.left": 1, "conference.ended": 1,
        }  # fmt: skip
        assert receiver.requests[-1].told["data"]["conference_sid"] == sid
