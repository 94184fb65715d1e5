"""What configuration keys take."""

import pytest
from ocpp.v16.enums import ConfigurationKey

from evswarm_shared.ocpp16.configuration_values import (
    BOOLEAN,
    FILE_TRANSFER_PROTOCOLS,
    MESSAGE_TIMEOUT,
    RULES,
    STOP_TRANSACTION_MAX_METER_VALUES,
    TEXT,
    WHOLE,
    measurand_of,
    rule_like,
    whole,
)


def test_every_key_that_has_a_rule_is_one_of_the_standard() -> None:
    assert set(RULES) <= {str(key) for key in ConfigurationKey} | {
        MESSAGE_TIMEOUT,
        FILE_TRANSFER_PROTOCOLS,
        STOP_TRANSACTION_MAX_METER_VALUES,
    }


@pytest.mark.parametrize("value", ["5", "10", "007"])
def test_a_whole_number_within_its_bounds_is_taken(value: str) -> None:
    assert whole(5, 10).accepts(value)


@pytest.mark.parametrize("value", ["4", "11", "", "-5", "5.0", " 5", "\u0665", "9" * 11])
def test_anything_else_is_no_whole_number_within_these_bounds(value: str) -> None:
    assert not whole(5, 10).accepts(value)


def test_the_type_of_a_key_follows_from_an_example() -> None:
    assert (rule_like("False"), rule_like("35"), rule_like("C2")) == (BOOLEAN, WHOLE, TEXT)


def test_phases_can_be_asked_for_where_there_are_phases() -> None:
    assert measurand_of("Voltage.L1") is not None
    assert measurand_of("Energy.Active.Import.Register.L1") is not None
    assert measurand_of("Voltage.L1-L2") is not None
    assert measurand_of("Temperature.L1") is None
