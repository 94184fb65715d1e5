"""What the central system said last about each tag (OCPP 1.6 §3.5.1). Times are simulated unix seconds."""

import msgspec
from msgspec import UNSET
from ocpp.v16.enums import AuthorizationStatus

from evswarm_shared.ocpp16.datatypes import IdTagInfo

CACHE_LIMIT = 20


class CachedTag(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One remembered answer; without `expires_at` it does not expire."""

    status: AuthorizationStatus
    parent_id_tag: str = ""
    expires_at: float | None = None


class AuthorizationCache:
    """The remembered answers of one station, newest last. Lost neither by a reboot nor by a move to another worker.

    Tags are compared without regard to case (OCPP 1.6 §7.28).
    """

    __slots__ = ("_tags",)

    def __init__(self) -> None:
        self._tags: dict[str, CachedTag] | None = None

    def __len__(self) -> int:
        return len(self._tags or ())

    def remember(self, id_tag: str, info: IdTagInfo) -> None:
        """Take in what an answer says of a tag; when there is no room, a tag that is not valid goes, or the oldest."""
        if self._tags is None:
            self._tags = {}
        tags = self._tags
        key = id_tag.casefold()
        tags.pop(key, None)
        if len(tags) >= CACHE_LIMIT:
            invalid = (tag for tag, known in tags.items() if known.status is not AuthorizationStatus.accepted)
            del tags[next(invalid, next(iter(tags)))]
        tags[key] = CachedTag(
            info.status,
            "" if info.parent_id_tag is UNSET else info.parent_id_tag,
            None if info.expiry_date is UNSET else float(info.expiry_date),
        )

    def look_up(self, id_tag: str, at: float) -> CachedTag | None:
        """What is known of a tag at the time `at`; an entry whose time is over is Expired."""
        known = None if self._tags is None else self._tags.get(id_tag.casefold())
        if known is not None and known.expires_at is not None and known.expires_at <= at:
            return CachedTag(AuthorizationStatus.expired, known.parent_id_tag, known.expires_at)
        return known

    def clear(self) -> None:
        """Forget everything (OCPP 1.6 §5.4)."""
        self._tags = None

    def entries(self) -> dict[str, CachedTag]:
        """Everything, for a checkpoint."""
        return dict(self._tags or {})

    def restore(self, entries: dict[str, CachedTag]) -> None:
        """Everything, from a checkpoint."""
        self._tags = dict(entries) if entries else None
