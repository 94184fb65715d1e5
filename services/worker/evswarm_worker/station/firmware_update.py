"""One firmware update as data: what was asked for, where it stands, and what moves it on, as one literal table."""

import re
from collections.abc import Mapping
from enum import IntEnum
from typing import Final
from urllib.parse import unquote, urlsplit

import msgspec
from ocpp.v16.enums import FirmwareStatus

from evswarm_worker.station.cabinet import Cabinet

VERSION_LIMIT: Final = 50
"""Characters of a version in BootNotification (OCPP 1.6 §6.3)."""


class Stage(IntEnum):
    """Where an update stands."""

    SCHEDULED = 0
    DOWNLOADING = 1
    PAUSED = 2
    """Between two attempts to download."""
    DOWNLOADED = 3
    INSTALL_SCHEDULED = 4
    WAITING = 5
    """For the last transaction to end."""
    INSTALLING = 6
    REBOOTING = 7
    INSTALLED = 8
    FAILED = 9


class UpdateEvent(IntEnum):
    """What moves it on."""

    RETRIEVE = 0
    FETCHED = 1
    BROKE = 2
    GIVEN_UP = 3
    REFUSED = 4
    """The signature or the image is not what it should be."""
    INSTALL_LATER = 5
    IN_USE = 6
    INSTALL = 7
    WRITTEN = 8
    BOOTED = 9


TRANSITIONS: Final[Mapping[tuple[Stage, UpdateEvent], Stage]] = {
    (Stage.SCHEDULED, UpdateEvent.RETRIEVE): Stage.DOWNLOADING,
    (Stage.DOWNLOADING, UpdateEvent.FETCHED): Stage.DOWNLOADED,
    (Stage.DOWNLOADING, UpdateEvent.BROKE): Stage.PAUSED,
    (Stage.DOWNLOADING, UpdateEvent.GIVEN_UP): Stage.FAILED,
    (Stage.PAUSED, UpdateEvent.RETRIEVE): Stage.DOWNLOADING,
    (Stage.DOWNLOADED, UpdateEvent.REFUSED): Stage.FAILED,
    (Stage.DOWNLOADED, UpdateEvent.INSTALL_LATER): Stage.INSTALL_SCHEDULED,
    (Stage.DOWNLOADED, UpdateEvent.IN_USE): Stage.WAITING,
    (Stage.DOWNLOADED, UpdateEvent.INSTALL): Stage.INSTALLING,
    (Stage.INSTALL_SCHEDULED, UpdateEvent.IN_USE): Stage.WAITING,
    (Stage.INSTALL_SCHEDULED, UpdateEvent.INSTALL): Stage.INSTALLING,
    (Stage.WAITING, UpdateEvent.INSTALL): Stage.INSTALLING,
    (Stage.INSTALLING, UpdateEvent.REFUSED): Stage.FAILED,
    (Stage.INSTALLING, UpdateEvent.WRITTEN): Stage.REBOOTING,
    (Stage.REBOOTING, UpdateEvent.BOOTED): Stage.INSTALLED,
}
"""stage × event → stage; a pair that is missing changes nothing."""

OVER: Final = frozenset((Stage.INSTALLED, Stage.FAILED))
"""Nothing more will happen to the update."""
IRREVOCABLE: Final = frozenset((Stage.INSTALLING, Stage.REBOOTING))
"""Too late to cancel (L01.FR.27)."""


class FirmwareUpdate(msgspec.Struct, array_like=True):
    """One update. `request_id` None: without a signature (UpdateFirmware).

    `retrieve_at` and `install_at` are on the station's own clock, `due` and `retry_seconds` real seconds. `transfer` 0: no download is under way. `held` are the connectors
    taken out of service, to be given back afterwards. `status` is what the central system was told last. `fault` says why the image cannot be installed.
    """

    location: str
    retrieve_at: float
    attempts_left: int
    retry_seconds: float
    request_id: int | None = None
    install_at: float | None = None
    signing_certificate: str = ""
    signature: str = ""
    stage: Stage = Stage.SCHEDULED
    due: float = 0.0
    transfer: int = 0
    held: tuple[int, ...] = ()
    status: FirmwareStatus | None = None
    fault: str = ""

    def apply(self, event: UpdateEvent) -> bool:
        """Let an event happen; False when it means nothing now."""
        stage = TRANSITIONS.get((self.stage, event))
        if stage is None:
            return False
        self.stage = stage
        return True


def under_way(cabinet: Cabinet) -> FirmwareUpdate | None:
    """The update that is not over yet."""
    update = cabinet.firmware
    return None if update is None or update.stage in OVER else update


def hold_availability(cabinet: Cabinet, connector_ids: tuple[int, ...], *, operative: bool) -> bool:
    """An update has the connectors: their availability will be as asked when it is over. False: it has not."""
    update = under_way(cabinet)
    if update is None or update.stage not in (Stage.WAITING, *IRREVOCABLE):
        return False
    held = set(update.held)
    held = held | set(connector_ids) if operative else held - set(connector_ids)
    update.held = tuple(sorted(held))
    cabinet.lasting_changed = True
    return True


def version_of(location: str) -> str:
    """The version in an image's file name (`box-2.4.1.bin` → 2.4.1), or the name itself when there is none."""
    name = unquote(urlsplit(location).path).rstrip("/").rpartition("/")[2]
    found = re.search(r"\d+(?:\.\d+)+(?:[-+][0-9A-Za-z]+)?", name)
    if found is not None:
        return found.group().removesuffix(".bin")[:VERSION_LIMIT]
    return (name.partition(".")[0] or "unnamed")[:VERSION_LIMIT]


def host_of(location: str) -> str:
    """Where a URL leads, without its credentials, for logs."""
    return location.partition("://")[2].partition("/")[0].rpartition("@")[2][:80]
