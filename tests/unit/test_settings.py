"""Settings: what is wrong stops the start and is named."""

import pytest

from evswarm_shared.settings import (
    SERVICES,
    ControllerSettings,
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


def test_an_unknown_name_stops_the_start() -> None:
    with pytest.raises(SettingsError, match="EVSWARM_STATION"):
        WorkerSettings.load({"EVSWARM_STATION": "5"})


def test_another_services_name_is_no_error() -> None:
    assert WorkerSettings.load({"EVSWARM_PRICE": "0.2"})


def test_a_secret_is_not_shown() -> None:
    assert "open sesame" not in repr(WorkerSettings.load({"EVSWARM_CSMS_AUTH_KEY": "open sesame"}))


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
def test_every_setting_says_what_it_means(service: type[ServiceSettings]) -> None:
    assert all(field.description for field in service.model_fields.values())
    assert known_names() >= {f"EVSWARM_{name.upper()}" for name in service.model_fields}
