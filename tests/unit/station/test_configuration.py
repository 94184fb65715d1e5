"""The configuration keys: what they are, what they take, and what is kept."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ocpp.v16.enums import ConfigurationKey, ConfigurationStatus

from evswarm_shared.bus.messages import ProfileName
from evswarm_shared.bus.vendor_keys import VendorKey
from evswarm_worker.behaviour.profiles import PRESETS
from evswarm_worker.station.configuration import KEYS, Access, Configuration
from evswarm_worker.station.errors import StationError
from tests.support.station_rig import StationRig, quiet_profile

K = ConfigurationKey

REQUIRED_CORE = [
    "AuthorizeRemoteTxRequests",
    "ClockAlignedDataInterval",
    "ConnectionTimeOut",
    "ConnectorPhaseRotation",
    "GetConfigurationMaxKeys",
    "HeartbeatInterval",
    "LocalAuthorizeOffline",
    "LocalPreAuthorize",
    "MeterValuesAlignedData",
    "MeterValuesSampledData",
    "MeterValueSampleInterval",
    "NumberOfConnectors",
    "ResetRetries",
    "StopTransactionOnEVSideDisconnect",
    "StopTransactionOnInvalidId",
    "StopTxnAlignedData",
    "StopTxnSampledData",
    "SupportedFeatureProfiles",
    "TransactionMessageAttempts",
    "TransactionMessageRetryInterval",
    "UnlockConnectorOnEVSideDisconnect",
]


def configuration() -> Configuration:
    return Configuration(PRESETS[ProfileName.PUBLIC], 2)


@pytest.mark.parametrize("key", REQUIRED_CORE)
def test_every_required_key_of_core_is_there(key: str) -> None:
    assert key in KEYS


@pytest.mark.parametrize("key", [key for key, spec in KEYS.items() if spec.access is Access.WRITE])
def test_every_writable_key_takes_its_own_default(key: str) -> None:
    values = configuration()
    assert values.change(key, values.text(key)) is ConfigurationStatus.accepted
    assert not values.changes


@pytest.mark.parametrize("key", [key for key, spec in KEYS.items() if spec.access is Access.READ])
def test_a_readonly_key_is_not_changed(key: str) -> None:
    values = configuration()
    before = values.text(key)
    assert values.change(key, "1") is ConfigurationStatus.rejected
    assert values.text(key) == before


def test_an_unknown_key_is_not_supported() -> None:
    assert configuration().change("Colour", "red") is ConfigurationStatus.not_supported


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (K.connection_time_out, "0"),
        (K.connection_time_out, "-1"),
        (K.connection_time_out, "ten"),
        (K.connection_time_out, "99999999999"),
        (K.heartbeat_interval, "0"),
        (K.local_pre_authorize, "yes"),
        (K.meter_values_sampled_data, "Energy.Dark.Import.Register"),
        (K.meter_values_sampled_data, "Frequency.L1"),
        (K.meter_values_sampled_data, "Power.Active.Import.L1-L2"),
        (K.meter_values_sampled_data, "Voltage.N"),
        (K.meter_values_sampled_data, "SoC.L1"),
        (K.meter_values_sampled_data, ",".join(["SoC"] * 17)),
        (K.connector_phase_rotation, "1.ABC"),
        (K.stop_txn_sampled_data, ",".join(["SoC"] * 17)),
        (K.stop_txn_aligned_data, "SoC.L2"),
        (K.local_auth_list_enabled, "1"),
        (K.light_intensity, "101"),
    ],
)
def test_a_value_that_the_key_does_not_take_is_rejected(key: ConfigurationKey, value: str) -> None:
    values = configuration()
    assert values.change(key, value) is ConfigurationStatus.rejected
    assert not values.changes


def test_a_change_holds_and_going_back_to_the_default_is_no_change() -> None:
    values = configuration()
    assert values.change(K.meter_value_sample_interval, "30") is ConfigurationStatus.accepted
    assert values.integer(K.meter_value_sample_interval) == 30
    values.change(K.meter_value_sample_interval, "10")
    assert values.changes == {}


def test_the_profile_gives_the_defaults_that_depend_on_it() -> None:
    values = configuration()
    assert values.text(K.number_of_connectors) == "2"
    assert values.text(K.connector_phase_rotation) == "0.RST,1.RST,2.RST"


def test_the_keys_of_the_errata_say_how_many_readings_a_stop_has_and_how_long_answers_may_take() -> None:
    rig = StationRig().start()
    told = rig.command("GetConfiguration", {"key": ["StopTransactionMaxMeterValues", "MessageTimeout"]})
    assert told["configurationKey"] == [
        {"key": "StopTransactionMaxMeterValues", "readonly": True, "value": "120"},
        {"key": "MessageTimeout", "readonly": False, "value": "30"},
    ]


def test_presets_may_set_fixed_keys_but_must_exist_and_fit() -> None:
    values = configuration()
    values.override({"SupportedFeatureProfiles": "Core", "ConnectionTimeOut": "30"})
    assert values.text(K.supported_feature_profiles) == "Core"
    with pytest.raises(StationError, match=r"ConnectionTimeOut takes a whole number from 1 .*, not 'soon'"):
        values.override({"connectiontimeout": "soon"})
    with pytest.raises(StationError, match="there is no configuration key 'Colour'"):
        values.override({"Colour": "red"})
    with pytest.raises(StationError, match="AuthorizationKey takes 16 to 40") as refusal:
        values.override({"AuthorizationKey": "secret"})
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ({"connectors": 0}, "at least one connector"),
        ({"timezone": "Mars/Olympus"}, "unknown time zone"),
        ({"configuration": {"Colour": "red"}}, "Colour"),
    ],
)
def test_a_station_that_cannot_be_is_refused_when_it_is_made(config: dict[str, Any], problem: str) -> None:
    with pytest.raises(StationError, match=problem):
        StationRig(**config)


@pytest.mark.parametrize(
    ("key", "value", "status"),
    [
        ("HouseFuseAmperes", "25", "RebootRequired"),
        ("HouseFuseAmperes", "many", "Rejected"),
        ("CableLockedAlways", "true", "Accepted"),
        ("CableLockedAlways", "2", "Rejected"),
        ("Model", "X", "Rejected"),
        ("Owner", "", "Rejected"),
        ("Owner", "somebody else", "Accepted"),
        ("PowerModules", "6", "NotSupported"),
    ],
)
def test_a_key_of_the_maker_takes_values_of_its_type(key: str, value: str, status: str) -> None:
    home = PRESETS[ProfileName.HOME]
    keys = (*home.vendor_keys, VendorKey("Model", "W", readonly=True), VendorKey("Owner", "me"))
    values = Configuration(msgspec.structs.replace(home, vendor_keys=keys), 1)
    assert values.change(key, value) == status
    assert values.changes == (None if status in ("Rejected", "NotSupported") else {key: value})


def test_a_key_of_the_maker_may_be_preset_and_survives_with_the_checkpoint() -> None:
    rig = StationRig(configuration={"SocketHardwareRevision": "D1"}).start()
    rig.command("ChangeConfiguration", {"key": "DisplayLanguage", "value": "nl"})
    heir = rig.heir().start()
    told = heir.command("GetConfiguration", {"key": ["DisplayLanguage", "SocketHardwareRevision"]})
    assert [entry["value"] for entry in told["configurationKey"]] == ["nl", "D1"]


def test_a_maker_cannot_take_a_key_of_the_standard_nor_one_twice() -> None:
    with pytest.raises(StationError, match="HeartbeatInterval"):
        Configuration(quiet_profile(vendor_keys=(VendorKey("HeartbeatInterval", "5"),)), 1)
    with pytest.raises(StationError, match="heartbeatinterval"):
        Configuration(quiet_profile(vendor_keys=(VendorKey("heartbeatinterval", "5"),)), 1)
    with pytest.raises(ValueError, match="same name"):
        quiet_profile(vendor_keys=(VendorKey("A", "1"), VendorKey("a", "2")))


@pytest.mark.parametrize(("name", "default"), [("", "1"), ("K" * 51, "1"), ("K", ""), ("K", "v" * 501)])
def test_a_key_of_the_maker_fits_into_the_message(name: str, default: str) -> None:
    with pytest.raises(ValueError, match="characters"):
        VendorKey(name, default)


@given(st.text(max_size=40))
def test_no_text_breaks_a_change(value: str) -> None:
    values = configuration()
    for key in KEYS:
        assert values.change(key, value) in tuple(ConfigurationStatus)


@pytest.mark.parametrize("key", ["LocalPreauthorize", "localpreauthorize", "LOCALPREAUTHORIZE"])
def test_the_case_of_a_key_does_not_matter(key: str) -> None:
    rig = StationRig().start()
    changed = rig.command("ChangeConfiguration", {"key": key, "value": "true"})
    told = rig.command("GetConfiguration", {"key": [key, "Nonsense"]})
    assert changed == {"status": "Accepted"} and told["unknownKey"] == ["Nonsense"]
    assert told["configurationKey"] == [{"key": "LocalPreAuthorize", "readonly": False, "value": "true"}]
    rig.station.set_configuration(key, "false", rig.now)
    rig.settle()
    (told,) = rig.command("GetConfiguration", {"key": ["LocalPreAuthorize"]})["configurationKey"]
    assert told["value"] == "false"


def test_a_preset_key_may_be_spelt_in_another_case() -> None:
    rig = StationRig(configuration={"localpreauthorize": "true"})
    told = rig.start().command("GetConfiguration", {"key": ["LocalPreAuthorize"]})
    assert told["configurationKey"][0]["value"] == "true"
