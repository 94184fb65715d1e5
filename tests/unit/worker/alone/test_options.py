"""The command line of a station alone."""

from pathlib import Path

import pytest

from evswarm_shared.bus.messages import ProfileName
from evswarm_shared.settings import ShutdownPolicy, WorkerSettings
from evswarm_worker.alone.options import UsageError, read

SETTINGS = WorkerSettings.load({"EVSWARM_CSMS_URL": "ws://settings"})


def test_options_become_a_station_and_the_settings_of_its_worker(tmp_path: Path) -> None:
    config = tmp_path / "keys.json"
    config.write_text('{"HeartbeatInterval": 60, "LocalPreAuthorize": true, "ConnectionTimeOut": "30"}')
    line = f"--id CP1 --csms-url ws://here --connectors 2 --config {config} --control-port 0 --manual"
    options, settings = read([*line.split(), "--csms-auth-key", "0123456789abcdef"], SETTINGS)
    spec = options.spec
    assert (spec.station_id, spec.connectors, spec.autonomous) == ("CP1", 2, False)
    assert spec.configuration == {
        "HeartbeatInterval": "60",
        "LocalPreAuthorize": "true",
        "ConnectionTimeOut": "30",
    }
    assert (options.state, options.control_port, options.manual) == (None, 0, True)
    assert (settings.csms_url, settings.csms_auth_key) == ("ws://here", "0123456789abcdef")
    assert settings.worker_on_shutdown is ShutdownPolicy.STOP
    assert not settings.history


def test_what_is_not_given_comes_from_the_settings() -> None:
    options, settings = read(["--id", "CP 1/a"], SETTINGS)
    assert settings.csms_url == "ws://settings"
    assert (options.spec.profile, options.profile_given) == (ProfileName.WORKPLACE, False)
    assert (options.spec.autonomous, options.control_port) == (True, None)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--id " + "x" * 49, "1 to 48"),
        ("--id A\x07", "printable"),
        ("--id A --connectors 0", "--connectors 0"),
        ("--id A --control-port 70000", "65535"),
        ("--id A --config /nowhere.json", "cannot be read: No such file"),
        (f"--id A --config {__file__}", "no JSON object"),
        (f"--id A --state {__file__}", "is a file"),
    ],
)
def test_a_value_that_cannot_be_right_is_said_in_one_sentence(line: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as error:
        read(line.split(" "), SETTINGS)
    assert "\n" not in str(error.value)
