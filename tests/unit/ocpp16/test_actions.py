"""The table of Actions against the vocabulary of the `ocpp` package."""

from ocpp.v16 import enums

from evswarm_shared.ocpp16 import messages
from evswarm_shared.ocpp16.actions import ACTION_OF, ACTIONS, FeatureProfile, Sender
from evswarm_shared.ocpp16.datatypes import UnitOfMeasure


def test_every_action_has_its_two_message_types_by_name() -> None:
    assert set(ACTIONS) == {action.value for action in enums.Action}
    for name, spec in ACTIONS.items():
        assert spec.request is getattr(messages, name)
        assert spec.response is getattr(messages, f"{name}Response")
        assert ACTION_OF[spec.request] == name


def test_every_message_type_belongs_to_an_action() -> None:
    used = {spec.request for spec in ACTIONS.values()} | {spec.response for spec in ACTIONS.values()}
    exported = {getattr(messages, name) for name in messages.__all__} - {messages.Request, messages.Response}
    assert used == exported


def test_stations_send_what_chapter_4_and_the_security_extension_let_them_send() -> None:
    from_stations = {name for name, spec in ACTIONS.items() if spec.sender is not Sender.CSMS}

    assert from_stations == {
        "Authorize",
        "BootNotification",
        "DataTransfer",
        "DiagnosticsStatusNotification",
        "FirmwareStatusNotification",
        "Heartbeat",
        "LogStatusNotification",
        "MeterValues",
        "SecurityEventNotification",
        "SignCertificate",
        "SignedFirmwareStatusNotification",
        "StartTransaction",
        "StatusNotification",
        "StopTransaction",
    }
    assert [name for name, spec in ACTIONS.items() if spec.sender is Sender.BOTH] == ["DataTransfer"]


def test_the_feature_profiles_have_as_many_messages_as_the_specification_gives_them() -> None:
    counts = {
        profile: sum(spec.profile is profile for spec in ACTIONS.values()) for profile in FeatureProfile
    }
    assert counts == {
        FeatureProfile.CORE: 16,
        FeatureProfile.FIRMWARE_MANAGEMENT: 4,
        FeatureProfile.LOCAL_AUTH_LIST_MANAGEMENT: 2,
        FeatureProfile.RESERVATION: 2,
        FeatureProfile.SMART_CHARGING: 3,
        FeatureProfile.REMOTE_TRIGGER: 1,
        FeatureProfile.SECURITY: 11,
    }


def test_our_units_are_the_packages_and_the_two_that_it_lacks() -> None:
    ours = {unit.name: unit.value for unit in UnitOfMeasure}
    theirs = {unit.name: unit.value for unit in enums.UnitOfMeasure}
    assert ours == theirs | {"celcius": "Celcius", "hertz": "Hertz"}
