"""Who connects, according to the path."""

import pytest

from evswarm_csms.server.handshake import station_id_of


@pytest.mark.parametrize(
    ("target", "station_id"),
    [
        ("/CP-000001", "CP-000001"),
        ("/webServices/ocpp/CP3211", "CP3211"),
        ("/ocppj/RDAM%20123", "RDAM 123"),
        ("/RDAM%7C123", "RDAM|123"),
        ("/RDAM|123", "RDAM|123"),
        ("/CP-1?token=x/y", "CP-1"),
        ("/S%C3%A4ule", "Säule"),
        ("/" + "x" * 48, "x" * 48),
    ],
)
def test_the_identity_is_the_last_path_segment_decoded(target: str, station_id: str) -> None:
    assert station_id_of(target) == station_id


@pytest.mark.parametrize(
    "target",
    ["/", "", "/ocpp/", "/?id=CP-1", "/" + "x" * 49, "/a%00b", "/a%0Ab", "/a%2Fb", "/%20a", "/a%20", "/%FF"],
)
def test_a_path_without_a_usable_identity_has_none(target: str) -> None:
    assert station_id_of(target) is None
