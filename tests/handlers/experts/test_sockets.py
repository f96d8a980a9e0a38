"""WebSockets of contract experts: every event as documented, to whom it concerns, and nobody's events to another."""

from __future__ import annotations

from tests.clients.experts import ExpertsClient
from tests.clients.sockets import opened
from thserver.services.all import Services

# What goes over them.


async def test_a_message_over_a_socket_reaches_every_open_socket_of_both(
    base_url: str, john: ExpertsClient, jane: ExpertsClient
) -> None:
    async with (
        opened(base_url, f"/ws/chat/{jane.id}/", john.token) as johns_chat,
        opened(base_url, "/ws/", john.token) as johns,
        opened(base_url, f"/ws/chat/{john.id}/", jane.token) as janes_chat,
        opened(base_url, "/ws", jane.token) as janes,
        opened(base_url, "/ws/notifications/", jane.token) as janes_notifications,
    ):
        await johns_chat.send("Hello, how are you?", receiver_id=4711, id=1, is_read=True)
        seen = [await each.message() for each in (johns_chat, johns, janes_chat, janes)]
        assert all(each == seen[0] for each in seen)
        assert seen[0] == {
            "id": seen[0]["id"],
            "sender_id": john.id,
            "sender_name": "John Doe",
            "receiver_id": jane.id,
            "receiver_name": "Jane Smith",
            "content": "Hello, how are you?",
            "is_read": False,
            "created_at": "2026-03-02T15:00:00Z",
        }
        told = await janes_notifications.notification()
        assert told == await janes.notification()
        assert told == {
            "id": told["id"],
            "user_id": jane.id,
            "title": "New Message",
            "content": "You have a new message from John Doe.",
            "notification_type": "new_message",
            "related_id": seen[0]["id"],
            "is_read": False,
            "created_at": "2026-03-02T15:00:00Z",
        }
        assert (await jane("GET", f"/messages/?with_user={john.id}")).body[0]["id"] == seen[0]["id"]


async def test_a_message_over_rest_reaches_every_open_socket_of_both(
    base_url: str, john: ExpertsClient, jane: ExpertsClient
) -> None:
    async with (
        opened(base_url, f"/ws/chat/{jane.id}/", john.token) as johns,
        opened(base_url, "/ws/", headers={"Authorization": f"Bearer {jane.token}"}) as janes,
    ):
        sent = await john("POST", "/messages/", {"receiver_id": jane.id, "content": "Hello"}, expect=201)
        assert await johns.message() == await janes.message() == sent.body


async def test_the_general_socket_takes_messages_to_anybody_and_the_other_answers(
    base_url: str, john: ExpertsClient, jane: ExpertsClient
) -> None:
    async with opened(base_url, "/ws/", john.token) as johns, opened(base_url, "/ws/", jane.token) as janes:
        await johns.send("Hello", receiver_id=jane.id)
        assert (await janes.message())["content"] == "Hello"
        await janes.send("I'm doing well, thanks!", receiver_id=john.id)
        assert [(await johns.message())["content"] for _ in range(2)] == ["Hello", "I'm doing well, thanks!"]


async def test_a_conversation_carries_nothing_else_and_nobody_sees_what_is_not_his(
    base_url: str, john: ExpertsClient, jane: ExpertsClient, bob: ExpertsClient
) -> None:
    async with (
        opened(base_url, f"/ws/chat/{jane.id}/", john.token) as johns,
        opened(base_url, "/ws/", bob.token) as bobs,
        opened(base_url, f"/ws/chat/{john.id}/", bob.token) as bobs_chat,
        opened(base_url, "/ws/notifications/", john.token) as johns_notifications,
    ):
        for sender, receiver, content in (
            (bob, jane, "1"),
            (jane, bob, "2"),
            (bob, john, "3"),
            (john, jane, "4"),
        ):
            await sender("POST", "/messages/", {"receiver_id": receiver.id, "content": content}, expect=201)
        assert (await johns.message())["content"] == "4"
        assert [(await bobs.message())["content"] for _ in range(3)] == ["1", "2", "3"]
        assert (await bobs_chat.message())["content"] == "3"
        assert (await johns_notifications.notification())[
            "content"
        ] == "You have a new message from Bob Johnson."


async def test_what_happens_to_a_meeting_arrives_while_one_looks(
    base_url: str, john: ExpertsClient, jane: ExpertsClient
) -> None:
    async with (
        opened(base_url, "/ws/notifications/", jane.token) as janes,
        opened(base_url, "/ws/", john.token) as johns,
    ):
        meeting = await john.meet(jane, "2026-03-03T10:00:00Z", "2026-03-03T11:00:00Z", title="Hooks")
        told = await janes.notification()
        assert (told["title"], told["content"], told["notification_type"], told["related_id"]) == (
            "Meeting Request",
            "You have a new meeting request from John Doe.",
            "meeting_request",
            meeting["id"],
        )
        await jane.set_status(meeting, "confirmed")
        told = await johns.notification()
        assert (told["title"], told["content"], told["notification_type"], told["related_id"]) == (
            "Meeting Confirmed",
            "Your meeting 'Hooks' has been confirmed.",
            "meeting_confirmed",
            meeting["id"],
        )


async def test_messages_of_one_socket_keep_their_order(
    base_url: str, john: ExpertsClient, jane: ExpertsClient
) -> None:
    async with (
        opened(base_url, f"/ws/chat/{jane.id}/", john.token) as johns,
        opened(base_url, f"/ws/chat/{john.id}/", jane.token) as janes,
    ):
        for number in range(20):
            await johns.send(str(number))
            await janes.send(f"and {number}")
        seen = [await johns.message() for _ in range(40)]
        assert seen == [await janes.message() for _ in range(40)]
        assert [each["content"] for each in seen if each["sender_id"] == john.id] == [
            str(n) for n in range(20)
        ]


# Blocking.


async def test_whom_one_has_blocked_can_not_write_to_one(
    base_url: str, john: ExpertsClient, jane: ExpertsClient, services: Services
) -> None:
    janes_person = await services.sign_in.who(jane.token or "")
    async with (
        opened(base_url, f"/ws/chat/{jane.id}/", john.token) as johns,
        opened(base_url, "/ws/", jane.token) as janes,
    ):
        await services.blacklist.add(janes_person, john.id)
        await johns.send("Hello")
        assert (await johns.error())["error"] == "You can not send messages to this user."
        await services.blacklist.remove(janes_person, john.id)
        await johns.send("Hello again")
        assert (await janes.message())["content"] == "Hello again"
