"""The Local Authorization List that the central system keeps up to date (OCPP 1.6 §3.5.2, §5.15)."""

from collections.abc import Iterable, Mapping

import msgspec
from msgspec import UNSET
from ocpp.v16.enums import AuthorizationStatus

from evswarm_shared.ocpp16.datatypes import AuthorizationData
from evswarm_worker.station.authorization_cache import CachedTag

EMPTY_VERSION = 0
"""The version of a list without entries (OCPP 1.6 §5.10)."""


class LocalList(msgspec.Struct, array_like=True, frozen=True):
    """The list as it stands; tags are keys in small letters, since they are compared without regard to case."""

    version: int
    entries: Mapping[str, CachedTag]

    def look_up(self, id_tag: str, at: float) -> CachedTag | None:
        """What the list says of a tag at the time `at`; an entry whose time is over is Expired."""
        known = self.entries.get(id_tag.casefold())
        if known is not None and known.expires_at is not None and known.expires_at <= at:
            return CachedTag(AuthorizationStatus.expired, known.parent_id_tag, known.expires_at)
        return known


def full(version: int, entries: Iterable[AuthorizationData]) -> LocalList | None:
    """The list that replaces whatever there was; None when it is empty.

    Raises:
        ValueError: an entry says nothing about its tag, or a tag is named twice.
    """
    return _made(version, {}, entries, removable=False)


def differential(
    version: int, old: LocalList | None, entries: Iterable[AuthorizationData]
) -> LocalList | None:
    """The list after the changes: an entry with a status is added or replaced, one without is removed.

    Raises:
        ValueError: a tag is named twice.
    """
    return _made(version, {} if old is None else dict(old.entries), entries, removable=True)


def _made(
    version: int, kept: dict[str, CachedTag], entries: Iterable[AuthorizationData], *, removable: bool
) -> LocalList | None:
    seen: set[str] = set()
    for entry in entries:
        key = entry.id_tag.casefold()
        if key in seen:
            raise ValueError(f"tag {entry.id_tag} is named twice")
        seen.add(key)
        info = entry.id_tag_info
        if info is not UNSET:
            kept[key] = CachedTag(
                info.status,
                "" if info.parent_id_tag is UNSET else info.parent_id_tag,
                None if info.expiry_date is UNSET else float(info.expiry_date),
            )
        elif removable:
            kept.pop(key, None)
        else:
            raise ValueError(f"tag {entry.id_tag} has no idTagInfo, which a Full list needs")
    return LocalList(version, kept) if kept else None
