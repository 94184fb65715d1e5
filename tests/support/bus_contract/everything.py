"""The whole contract as one class."""

from tests.support.bus_contract.auditors import AuditContract
from tests.support.bus_contract.central_systems import RecordContract, ReplicaContract, TransactionContract
from tests.support.bus_contract.commands import CommandContract
from tests.support.bus_contract.controllers import (
    ChangeHintContract,
    DesiredStateContract,
    LeadershipContract,
    TariffContract,
)
from tests.support.bus_contract.history import HistoryContract
from tests.support.bus_contract.operations import OperationContract, OperationResultContract
from tests.support.bus_contract.registry import ArchiveContract, RegistryContract, TagContract
from tests.support.bus_contract.workers import (
    CommitContract,
    LeaseContract,
    OwnershipContract,
    TickContract,
)


class BusContract(
    LeaseContract,
    OwnershipContract,
    CommitContract,
    TickContract,
    AuditContract,
    LeadershipContract,
    DesiredStateContract,
    TariffContract,
    OperationContract,
    OperationResultContract,
    ChangeHintContract,
    CommandContract,
    ReplicaContract,
    RecordContract,
    TransactionContract,
    HistoryContract,
    TagContract,
    RegistryContract,
    ArchiveContract,
):
    """Derive from this, give a `harness` fixture, and an adapter is held to the port."""
