"""Settings: what is wrong stops the start and is named."""

import pytest

from evswarm_shared.settings import (
    SERVICES,
    ControllerSettings,
    HistorianSettings,
    ServiceSettings,
    SettingsError,
    WorkerSettings,
    known_names,
)


def test_an_empty_environment_gives_the_defaults() -> None:
    assert ControllerSettings.load({}).port == 8000


def test_a_variable_overrides_its_default() -> None:
    assert WorkerSettings.load({"EVSWARM_CSMS_URL": "wss://csms.test"}).csms_url == "wss://csms.test"


def test_an_empty_variable_counts_as_absent() -> None:
    assert ControllerSettings.load({"EVSWARM_PORT": ""}).port == 8000


def test_a_wrong_value_is_named_by_its_variable() -> None:
    with pytest.raises(SettingsError, match=r"EVSWARM_PORT.*65535"):
        ControllerSettings.load({"EVSWARM_PORT": "70000"})


@pytest.mark.parametrize("value", ["inf", "nan", "1e999"])
def test_what_is_no_number_to_count_with_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="EVSWARM_HISTORY_LOGS_DAYS"):
        HistorianSettings.load({"EVSWARM_HISTORY_LOGS_DAYS": value})


def test_an_unknown_name_stops_the_start() -> None:
    with pytest.raises(SettingsError, match="EVSWARM_STATION"):
        WorkerSettings.load({"EVSWARM_STATION": "5"})


def test_another_services_name_is_no_error() -> None:
    assert WorkerSettings.load({"EVSWARM_PRICE": "0.2"})


def test_a_secret_is_not_shown() -> None:
    assert "open sesame" not in repr(WorkerSettings.load({"EVSWARM_CSMS_AUTH_KEY": "open sesame"}))


TOKEN = "0123456789abcdef"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_on_loopback_a_controller_needs_no_token(host: str) -> None:
    ControllerSettings.load({"EVSWARM_HOST": host}).require_protection()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "swarm.example.com"])
def test_elsewhere_it_needs_a_token_or_a_trusted_network_and_says_so(host: str) -> None:
    with pytest.raises(SettingsError, match=r"EVSWARM_API_TOKEN.*EVSWARM_HOST.*EVSWARM_TRUSTED_NETWORK"):
        ControllerSettings.load({"EVSWARM_HOST": host}).require_protection()
    ControllerSettings.load({"EVSWARM_HOST": host, "EVSWARM_API_TOKEN": TOKEN}).require_protection()
    ControllerSettings.load({"EVSWARM_HOST": host, "EVSWARM_TRUSTED_NETWORK": "true"}).require_protection()


@pytest.mark.parametrize(
    ("published", "trusted"),
    [("127.0.0.1", True), ("::1", True), ("0.0.0.0", False), ("192.168.1.5", False), ("false", False)],
)
def test_a_network_is_trusted_when_the_gateway_publishes_on_loopback(published: str, trusted: bool) -> None:
    assert ControllerSettings.load({"EVSWARM_TRUSTED_NETWORK": published}).trusted_network is trusted


def test_what_is_neither_an_address_nor_an_answer_is_no_trust() -> None:
    with pytest.raises(SettingsError, match="EVSWARM_TRUSTED_NETWORK"):
        ControllerSettings.load({"EVSWARM_TRUSTED_NETWORK": "eth0"})


@pytest.mark.parametrize(
    "token", ["short", "with a space in it, which no header takes", "ümläuts-in-a-token"]
)
def test_a_token_is_long_and_goes_into_a_header_and_is_never_shown(token: str) -> None:
    with pytest.raises(SettingsError, match="EVSWARM_API_TOKEN") as told:
        ControllerSettings.load({"EVSWARM_API_TOKEN": token})
    assert token not in str(told.value)
    assert TOKEN not in repr(ControllerSettings.load({"EVSWARM_API_TOKEN": TOKEN}))


def test_allowed_hosts_are_names() -> None:
    with pytest.raises(SettingsError, match="EVSWARM_ALLOWED_HOSTS"):
        ControllerSettings.load({"EVSWARM_ALLOWED_HOSTS": "https://swarm.example.com"})


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
def test_every_setting_says_what_it_means(service: type[ServiceSettings]) -> None:
    assert all(field.description for field in service.model_fields.values())
    assert known_names() >= {f"EVSWARM_{name.upper()}" for name in service.model_fields}
