"""What is written about a notice of passing, and to whom: the account holder and those of his circle whom RIGHTS names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from store.database import Database
from thserver.domain.bookings import FIRM, Booking
from thserver.domain.circles import RIGHTS, Member, Standing
from thserver.domain.death_notices import Notice, Step, StepTaken
from thserver.domain.people import Person
from thserver.domain.ports import Invite
from thserver.services.calendar_entries import CalendarEntries
from thserver.services.outbox import Outbox
from thserver.services.reminders import pin_of
from thserver.wording import circle_texts


class NoticeLetters:
    def __init__(
        self,
        *,
        database: Database,
        outbox: Outbox,
        calendar: CalendarEntries,
        web_domain: str,
        conference_number: str,
        secret_key: str,
    ) -> None:
        self._people = database.people
        self._outbox = outbox
        self._calendar = calendar
        self._web_domain = web_domain
        self._number = conference_number
        self._secret_key = secret_key

    async def write(
        self,
        notice: Notice,
        taken: StepTaken,
        *,
        holder: Person,
        members: Sequence[Member],
        booking: Booking | None = None,
        guests: Mapping[int, int] | None = None,
    ) -> None:
        """Write the letters and texts about one step; writing them again is once. `guests` tells by friendship under
        which id its person is in the booking."""
        by = await self._people.get(taken.by)
        facts = self._facts(notice, taken, holder, by)
        await self._to_holder(notice, taken, holder, facts)
        for member in members:
            if taken.step not in member.rights.told or _did_it(member, taken):
                continue
            await self._to_member(notice, taken, member, facts, booking, guests or {})

    async def _to_holder(
        self, notice: Notice, taken: StepTaken, holder: Person, facts: dict[str, Any]
    ) -> None:
        """He is told whatever he has switched off: it is about his account."""
        if taken.step not in RIGHTS[Standing.HOLDER].told or holder.closed is not None:
            return
        key = f"circle-notice:{notice.holder_id}:{taken.id}:holder"
        if holder.email:
            await self._outbox.add_letter(
                key=key,
                to=holder.email,
                person_id=holder.id,
                template="circle_notice_holder",
                facts=facts,
                purpose="account",
            )
        if holder.phone:
            await self._outbox.add_text(
                key=f"{key}:text",
                to=holder.phone,
                person_id=holder.id,
                body=circle_texts.about_notice(taken.step, by=facts["by"], web_domain=self._web_domain),
                purpose="account",
            )

    async def _to_member(
        self,
        notice: Notice,
        taken: StepTaken,
        member: Member,
        facts: dict[str, Any],
        booking: Booking | None,
        guests: Mapping[int, int],
    ) -> None:
        template = {
            Step.AUTHORISED: "circle_notice_authorised",
            Step.FUNERAL: "circle_funeral",
        }.get(taken.step, "circle_notice_step")
        own = {"first_name": member.friendship.names.first_name}
        invite = None
        if taken.step is Step.FUNERAL:
            guest_id = guests.get(member.friendship.id)
            pin = pin_of(booking, guest_id, self._secret_key) if booking and guest_id else None
            own |= {"number": self._number if booking else "", "pin": pin or ""}
            if booking is not None and booking.state in FIRM and guest_id:
                invite = await self._invite(booking, guest_id, member, facts)
        await self._outbox.add_letter(
            key=f"circle-notice:{notice.holder_id}:{taken.id}:{member.friendship.id}",
            to=member.address,
            person_id=member.person.id if member.person is not None else None,
            template=template,
            facts={**facts, **own},
            invite=invite,
        )

    async def _invite(
        self, booking: Booking, guest_id: int, member: Member, facts: Mapping[str, Any]
    ) -> Invite | None:
        guest = await self._people.get(guest_id)
        if guest is None:
            return None
        return self._calendar.invite(
            booking,
            guest,
            {guest.id: guest},
            to=member.address,
            about=f"The funeral: {facts['location']}\n{facts['details']}",
        )

    def _facts(self, notice: Notice, taken: StepTaken, holder: Person, by: Person | None) -> dict[str, Any]:
        """Everything that a template may show; what it shows to whom is decided by which one it is."""
        facts: dict[str, Any] = {
            "what": taken.step.value,
            "holder": holder.full_name,
            "by": by.full_name if by is not None and by.id != holder.id else "",
            "date_of_death": notice.date_of_death or "",
            "link": f"https://{self._web_domain}/following",
            "sign_in_link": f"https://{self._web_domain}/login",
        }
        if taken.step is Step.AUTHORISED:
            setting = notice.setting
            facts |= {
                "content": setting.content if setting else "",
                "condolences": (setting.email_receive_condolences if setting else None) or "",
                "flowers": (setting.address_receive_flowers if setting else None) or "",
            }
        if taken.step is Step.FUNERAL and notice.funeral is not None:
            facts |= {
                "time": notice.funeral.time,
                "location": notice.funeral.location,
                "details": notice.funeral.details or "",
            }
        return facts


def _did_it(member: Member, taken: StepTaken) -> bool:
    """Whoever takes a step knows of it; but the one who sends the details needs his own PIN."""
    return taken.step is not Step.FUNERAL and member.person is not None and member.person.id == taken.by
