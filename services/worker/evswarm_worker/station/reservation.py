"""Reservations: a connector kept for a tag, or any one of them (OCPP 1.6 §5.1, §5.13). Data and the question whom it admits."""

import msgspec


class Reservation(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Kept until `expires_at` (simulated unix seconds) for `id_tag`, or for any tag of the group `parent_id_tag`."""

    reservation_id: int
    id_tag: str
    expires_at: float
    parent_id_tag: str = ""

    def admits(self, id_tag: str, parent_id_tag: str = "") -> bool:
        """Whether the reservation is for this tag; tags are compared without regard to case."""
        if id_tag.casefold() == self.id_tag.casefold():
            return True
        group = self.parent_id_tag.casefold()
        return bool(group) and group == parent_id_tag.casefold()
