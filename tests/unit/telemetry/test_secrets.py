"""What must not be read in logs and stored frames."""

import json

import pytest

from evswarm_shared.telemetry.secrets import HIDDEN, scrubbed, without_keys


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("cannot reach redis://user:s3cret@store:6379/0", "s3cret"),
        ("Authorization: Basic Q1AtMDAwMDAxOnNlY3JldA==", "Q1AtMDAwMDAxOnNlY3JldA=="),
        ('[2,"1","Authorize",{"idTag":"CAFE0001"}]', "CAFE0001"),
        ('{"parentIdTag": "CAFE0002", "status": "Accepted"}', "CAFE0002"),
        ("Authorize(id_tag='CAFE0003')", "CAFE0003"),
        ("AuthorizationKey=0123456789abcdef was set", "0123456789abcdef"),
        ('{"key":"AuthorizationKey","value":"0123456789abcdef"}', "0123456789abcdef"),
        ("-----BEGIN PRIVATE KEY-----\nMIIabc\n-----END PRIVATE KEY-----", "MIIabc"),
    ],
)
def test_secrets_and_tags_are_hidden_in_a_log_line(line: str, secret: str) -> None:
    hidden = scrubbed(line)
    assert secret not in hidden
    assert HIDDEN in hidden


def test_known_values_are_hidden_wherever_they_stand() -> None:
    assert scrubbed("the peer said: hunter2!", ["hunter2"]) == f"the peer said: {HIDDEN}!"


@pytest.mark.parametrize(
    "line",
    [
        "leading (term 3), planning in 10.0 s",
        "http://127.0.0.1:8000/metrics is served",
        "generation 2: w1 runs 10, w2 runs 10",
        "station CP-000001 runs elsewhere: dropped",
        "Basic is refused",
    ],
)
def test_an_ordinary_line_stays_as_it_is(line: str) -> None:
    assert scrubbed(line) == line


@pytest.mark.parametrize(
    "payload",
    [
        {"key": "AuthorizationKey", "value": 'a"b\\c0123456789'},
        {"value": "0123456789abcdef", "key": "AuthorizationKey"},
        {"configurationKey": [{"key": "AuthorizationKey", "readonly": False, "value": "0123456789abcdef"}]},
    ],
)
def test_a_frame_keeps_its_shape_but_not_the_key(payload: dict[str, object]) -> None:
    hidden = without_keys(json.dumps([2, "1", "ChangeConfiguration", payload]))
    assert "0123456789" not in hidden
    assert json.loads(hidden)[0] == 2
    assert HIDDEN in hidden


def test_other_keys_and_tags_of_a_frame_stay() -> None:
    for payload in ({"key": "HeartbeatInterval", "value": "60"}, {"idTag": "CAFE0001"}):
        frame = json.dumps([2, "1", "X", payload])
        assert without_keys(frame) == frame
    two = '[3,"1",{"configurationKey":[{"key":"AuthorizationKey","readonly":true},{"key":"A","value":"60"}]}]'
    assert without_keys(two) == two
