"""What the command line makes of its options and of the environment, and how it ends when something is wrong."""

import signal
from pathlib import Path
from typing import NoReturn

import pytest
from typer.testing import CliRunner

from evswarm_cli import main
from evswarm_cli.errors import StartError, UsageError
from evswarm_cli.local_swarm import LocalSwarm, SwarmOptions
from evswarm_shared.settings import SettingsError


class AskedError(Exception):
    """Carries what `evswarm up` was asked for."""

    def __init__(self, options: SwarmOptions) -> None:
        self.options = options


def asked_for(*arguments: str, **environment: str) -> SwarmOptions:
    """The options that a command line and an environment come to; nothing is started."""

    def told(options: SwarmOptions) -> NoReturn:
        raise AskedError(options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(main, "LocalSwarm", told)
        patch.setattr(signal, "signal", lambda *_: None)
        result = CliRunner().invoke(main.app, ["up", *arguments], env=dict(environment))
    assert isinstance(result.exception, AskedError), result.output
    return result.exception.options


def test_up_goes_by_the_variables_that_the_services_go_by() -> None:
    options = asked_for(
        EVSWARM_STATIONS="7",
        EVSWARM_HOST="127.0.0.9",
        EVSWARM_PORT="8123",
        EVSWARM_CSMS_PORT="9123",
        EVSWARM_CSMS_URL="ws://csms.test",
        EVSWARM_REDIS_URL="redis://store.test",
        EVSWARM_HISTORY="false",
    )
    assert options == SwarmOptions(
        stations=7,
        host="127.0.0.9",
        port=8123,
        csms_port=9123,
        csms_url="ws://csms.test",
        redis_url="redis://store.test",
        history=False,
    )


def test_an_option_goes_before_its_variable_and_an_empty_variable_is_none() -> None:
    options = asked_for("--stations", "3", EVSWARM_STATIONS="7", EVSWARM_PORT="")
    assert (options.stations, options.port) == (3, 8000)


@pytest.mark.parametrize("command", [["up"], ["scale", "5"]])
def test_endlessly_many_stations_a_second_are_refused(command: list[str]) -> None:
    result = CliRunner().invoke(main.app, [*command, "--ramp", "inf"])
    assert (result.exit_code, "--ramp" in result.output) == (2, True)


def test_a_seed_that_no_database_can_hold_is_refused_before_anything_starts() -> None:
    with pytest.raises(SettingsError, match="EVSWARM_SEED"), LocalSwarm(SwarmOptions(seed=2**63)) as swarm:
        swarm.start()


def test_two_listeners_do_not_get_the_same_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVSWARM_CSMS_TLS_CERT", __file__)
    for port in (8000, 9000):
        options = SwarmOptions(csms_tls_port=port)
        with pytest.raises(UsageError, match=f"{port}.*--csms-tls-port"), LocalSwarm(options) as swarm:
            swarm.start()


def test_a_store_that_cannot_keep_its_data_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = CliRunner().invoke(main.app, ["store", "--data", str(tmp_path / "file" / "data")])
    assert isinstance(result.exception, StartError)
    assert "--data" in str(result.exception)


def test_output_that_cannot_be_written_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full() -> NoReturn:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(main, "app", full)
    with pytest.raises(SystemExit) as ended:
        main.main()
    said = capsys.readouterr().err
    assert (ended.value.code, said.count("\n")) == (1, 1)
    assert "No space left" in said
