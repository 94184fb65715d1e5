"""The examples of the API's documentation."""

import msgspec
import pytest

from evswarm_controller.api.central_system import CsmsAction
from evswarm_controller.api.command_examples import COMMAND_EXAMPLES
from evswarm_shared.ocpp16.actions import ACTIONS, Sender
from evswarm_shared.ocpp16.frames import decode_request


def test_every_command_has_an_example() -> None:
    sent = sorted(name for name, spec in ACTIONS.items() if spec.sender.covers(Sender.CSMS))
    assert sorted(COMMAND_EXAMPLES) == sorted(action.value for action in CsmsAction) == sent


@pytest.mark.parametrize("action", sorted(COMMAND_EXAMPLES))
def test_an_example_is_valid(action: str) -> None:
    payload = msgspec.json.encode(COMMAND_EXAMPLES[action])
    decode_request(action, msgspec.Raw(payload), receiver=Sender.STATION)
