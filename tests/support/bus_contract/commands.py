"""The contract of commands, their replies, and the channels."""

import msgspec

from evswarm_shared.bus.messages import Command, CommandOutcome, CommandReply, CommandTarget
from tests.support.bus_contract.harness import Harness
from tests.support.bus_contract.workers import registered, row


def command(command_id: str) -> Command:
    """A command with a payload."""
    return Command(
        command_id, "CP-000001", "plug_in", msgspec.Raw(b'{"connector_id":1}'), 5.0, "controller-1"
    )


class CommandContract:
    """A command is carried out by the process it was for, at most once."""

    async def test_a_command_without_a_listener_is_reported_undelivered(self, harness: Harness) -> None:
        assert not await harness.bus().send_command(CommandTarget.WORKER, "worker-1", command("1"))

    async def test_a_command_reaches_the_process_it_is_for_and_no_other(self, harness: Harness) -> None:
        sender, listener = harness.bus(), harness.bus()
        async with (
            listener.commands(CommandTarget.WORKER, "one") as worker,
            listener.commands(CommandTarget.CSMS, "one") as csms,
        ):
            assert await sender.send_command(CommandTarget.CSMS, "one", command("for csms"))
            assert await sender.send_command(CommandTarget.WORKER, "one", command("for worker"))
            assert not await sender.send_command(CommandTarget.WORKER, "two", command("nobody"))
            received = await anext(worker)
            assert (received.command_id, bytes(received.payload)) == ("for worker", b'{"connector_id":1}')
            assert (await anext(csms)).command_id == "for csms"

    async def test_commands_arrive_in_the_order_they_were_sent(self, harness: Harness) -> None:
        sender = harness.bus()
        async with harness.bus().commands(CommandTarget.WORKER, "one") as commands:
            for n in range(20):
                await sender.send_command(CommandTarget.WORKER, "one", command(str(n)))
            assert [(await anext(commands)).command_id for _ in range(20)] == [str(n) for n in range(20)]

    async def test_after_the_listener_has_left_nothing_is_delivered(self, harness: Harness) -> None:
        bus = harness.bus()
        async with bus.commands(CommandTarget.WORKER, "one"):
            pass
        delivered = True
        for _ in range(100):
            delivered = await bus.send_command(CommandTarget.WORKER, "one", command("late"))
            if not delivered:
                break
        assert not delivered

    async def test_a_reply_reaches_the_controller_that_asked(self, harness: Harness) -> None:
        bus = harness.bus()
        async with (
            harness.bus().replies("controller-1") as ours,
            harness.bus().replies("controller-2") as theirs,
        ):
            await bus.reply("controller-2", CommandReply("2", CommandOutcome.TIMEOUT))
            reply = CommandReply(
                "1", CommandOutcome.CALL_ERROR, msgspec.Raw(b'{"a":[1]}'), "GenericError", "no"
            )
            await bus.reply("controller-1", reply)
            received = await anext(ours)
            assert (received.command_id, received.outcome) == ("1", CommandOutcome.CALL_ERROR)
            assert (bytes(received.payload), received.error_code) == (b'{"a":[1]}', "GenericError")
            assert (await anext(theirs)).command_id == "2"

    async def test_every_listener_of_the_patches_hears_them(self, harness: Harness) -> None:
        bus = harness.bus()
        async with harness.bus().patches() as one, harness.bus().patches() as two:
            epoch = await registered(bus)
            await bus.claim("worker-1", epoch, ["a"])
            await bus.publish("worker-1", epoch, [row("a", 1, 1)])
            heard = [await anext(one), await anext(two)]
        assert [patch is not None and bytes(patch.rows[0]) for patch in heard] == [b'["a",1,1]'] * 2
