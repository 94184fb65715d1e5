"""Messages as real stations and central systems send them: one or more of every Action, all of them valid."""

from typing import Any, Final

NOON = "2026-11-22T12:00:00.000Z"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nTUlJ\n-----END CERTIFICATE-----\n"
HASH = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "00" * 32,
    "issuerKeyHash": "11" * 32,
    "serialNumber": "2a",
}
LIMITS = {"chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 11000.5}]}
PROFILE = {
    "chargingProfileId": 7,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Absolute",
    "chargingSchedule": LIMITS | {"startSchedule": NOON},
}
FIRMWARE = {
    "location": "http://127.0.0.1/firmware.bin",
    "retrieveDateTime": NOON,
    "signingCertificate": CERTIFICATE,
    "signature": "c2lnbmF0dXJl",
}
ACCEPTED = {"status": "Accepted"}

COMMANDS: Final[list[tuple[str, dict[str, Any], dict[str, Any]]]] = [
    ("CancelReservation", {"reservationId": 4}, ACCEPTED),
    ("CancelReservation", {"reservationId": 4}, {"status": "Rejected"}),
    ("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"}, {"status": "Scheduled"}),
    ("ChangeConfiguration", {"key": "ConnectionTimeOut", "value": "30"}, {"status": "RebootRequired"}),
    ("ClearChargingProfile", {}, {"status": "Unknown"}),
    ("ClearChargingProfile", {"id": 7, "connectorId": 1, "stackLevel": 0}, ACCEPTED),
    ("DataTransfer", {"vendorId": "v", "messageId": "m", "data": "d"}, ACCEPTED | {"data": "back"}),
    (
        "GetCompositeSchedule",
        {"connectorId": 1, "duration": 3600, "chargingRateUnit": "W"},
        ACCEPTED | {"connectorId": 1, "scheduleStart": NOON, "chargingSchedule": LIMITS},
    ),
    ("GetCompositeSchedule", {"connectorId": 0, "duration": 60}, {"status": "Rejected"}),
    ("GetDiagnostics", {"location": "ftp://127.0.0.1/logs/"}, {"fileName": "diagnostics.log"}),
    ("GetDiagnostics", {"location": "ftp://127.0.0.1/logs/", "retries": 2, "retryInterval": 10}, {}),
    ("GetLocalListVersion", {}, {"listVersion": -1}),
    (
        "ReserveNow",
        {"connectorId": 1, "expiryDate": NOON, "idTag": "TAG", "parentIdTag": "GROUP", "reservationId": 4},
        ACCEPTED,
    ),
    (
        "ReserveNow",
        {"connectorId": 0, "expiryDate": NOON, "idTag": "TAG", "reservationId": 4},
        {"status": "Occupied"},
    ),
    ("SendLocalList", {"listVersion": 1, "updateType": "Full"}, {"status": "NotSupported"}),
    (
        "SendLocalList",
        {
            "listVersion": 2,
            "updateType": "Differential",
            "localAuthorizationList": [
                {"idTag": "TAG", "idTagInfo": {"status": "Accepted", "expiryDate": NOON}},
                {"idTag": "GONE"},
            ],
        },
        {"status": "VersionMismatch"},
    ),
    ("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": PROFILE}, ACCEPTED),
    ("SetChargingProfile", {"connectorId": 0, "csChargingProfiles": PROFILE}, {"status": "NotSupported"}),
    (
        "RemoteStartTransaction",
        {
            "idTag": "TAG",
            "connectorId": 1,
            "chargingProfile": PROFILE | {"chargingProfilePurpose": "TxProfile"},
        },
        ACCEPTED,
    ),
    (
        "TriggerMessage",
        {"requestedMessage": "StatusNotification", "connectorId": 1},
        {"status": "NotImplemented"},
    ),
    ("UnlockConnector", {"connectorId": 1}, {"status": "UnlockFailed"}),
    ("UpdateFirmware", {"location": "http://127.0.0.1/firmware.bin", "retrieveDate": NOON}, {}),
    (
        "ExtendedTriggerMessage",
        {"requestedMessage": "SignChargePointCertificate"},
        ACCEPTED,
    ),
    (
        "GetLog",
        {"logType": "SecurityLog", "requestId": 3, "log": {"remoteLocation": "http://127.0.0.1/logs/"}},
        ACCEPTED | {"filename": "security.log"},
    ),
    (
        "GetLog",
        {"logType": "DiagnosticsLog", "requestId": 4, "log": {"remoteLocation": "http://127.0.0.1/logs/"}},
        {"status": "AcceptedCanceled"},
    ),
    ("SignedUpdateFirmware", {"requestId": 5, "firmware": FIRMWARE}, {"status": "InvalidCertificate"}),
    (
        "InstallCertificate",
        {"certificateType": "CentralSystemRootCertificate", "certificate": CERTIFICATE},
        {"status": "Failed"},
    ),
    ("DeleteCertificate", {"certificateHashData": HASH}, {"status": "NotFound"}),
    (
        "GetInstalledCertificateIds",
        {"certificateType": "ManufacturerRootCertificate"},
        ACCEPTED | {"certificateHashData": [HASH]},
    ),
    (
        "GetInstalledCertificateIds",
        {"certificateType": "CentralSystemRootCertificate"},
        {"status": "NotFound"},
    ),
    ("CertificateSigned", {"certificateChain": CERTIFICATE}, {"status": "Rejected"}),
]
"""Of a central system: Action, request, and an answer that a station may give."""

SAMPLES = [
    {"value": "12345", "measurand": "Energy.Active.Import.Register", "unit": "Wh"},
    {
        "value": "11040.5",
        "measurand": "Power.Active.Import",
        "unit": "W",
        "phase": "L1",
        "context": "Sample.Periodic",
    },
]

REQUESTS: Final[list[tuple[str, dict[str, Any], dict[str, Any]]]] = [
    ("Authorize", {"idTag": "TAG"}, {"idTagInfo": ACCEPTED | {"parentIdTag": "GROUP", "expiryDate": NOON}}),
    (
        "BootNotification",
        {
            "chargePointVendor": "Vendor",
            "chargePointModel": "Model",
            "firmwareVersion": "1.0",
            "iccid": "8931",
        },
        ACCEPTED | {"currentTime": NOON, "interval": 300},
    ),
    ("DataTransfer", {"vendorId": "v", "messageId": "m", "data": "d"}, {"status": "UnknownVendorId"}),
    ("DiagnosticsStatusNotification", {"status": "Uploading"}, {}),
    ("FirmwareStatusNotification", {"status": "Downloaded"}, {}),
    ("Heartbeat", {}, {"currentTime": NOON}),
    ("LogStatusNotification", {"status": "Uploaded", "requestId": 3}, {}),
    (
        "MeterValues",
        {"connectorId": 1, "transactionId": 1, "meterValue": [{"timestamp": NOON, "sampledValue": SAMPLES}]},
        {},
    ),
    ("SecurityEventNotification", {"type": "FirmwareUpdated", "timestamp": NOON, "techInfo": "1.1"}, {}),
    ("SignCertificate", {"csr": "-----BEGIN CERTIFICATE REQUEST-----"}, {"status": "Rejected"}),
    ("SignedFirmwareStatusNotification", {"status": "Idle"}, {}),
    (
        "StartTransaction",
        {"connectorId": 1, "idTag": "TAG", "meterStart": 1000, "timestamp": NOON},
        {"transactionId": 1, "idTagInfo": ACCEPTED},
    ),
    (
        "StatusNotification",
        {"connectorId": 1, "errorCode": "NoError", "status": "Charging", "timestamp": NOON, "info": "i"},
        {},
    ),
    (
        "StopTransaction",
        {
            "transactionId": 1,
            "idTag": "TAG",
            "meterStop": 2000,
            "timestamp": NOON,
            "reason": "Local",
            "transactionData": [{"timestamp": NOON, "sampledValue": SAMPLES}],
        },
        {"idTagInfo": ACCEPTED},
    ),
]
"""Of a station: Action, request, and an answer that a central system may give."""
