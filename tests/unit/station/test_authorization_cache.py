"""What is remembered of tags."""

from ocpp.v16.enums import AuthorizationStatus

from evswarm_shared.ocpp16.datatypes import IdTagInfo
from evswarm_shared.ocpp16.timestamps import Timestamp
from evswarm_worker.station.authorization_cache import CACHE_LIMIT, AuthorizationCache

A = AuthorizationStatus


def test_the_last_answer_counts() -> None:
    cache = AuthorizationCache()
    cache.remember("T", IdTagInfo(A.accepted, parent_id_tag="P"))
    cache.remember("T", IdTagInfo(A.blocked))
    known = cache.look_up("T", 0.0)
    assert known is not None and known.status is A.blocked and known.parent_id_tag == ""


def test_an_entry_expires() -> None:
    cache = AuthorizationCache()
    cache.remember("T", IdTagInfo(A.accepted, Timestamp(100.0)))
    before, after = cache.look_up("T", 99.9), cache.look_up("T", 100.0)
    assert before is not None and before.status is A.accepted
    assert after is not None and after.status is A.expired


def test_a_full_cache_gives_up_a_tag_that_is_not_valid_first_and_then_the_oldest() -> None:
    cache = AuthorizationCache()
    for number in range(CACHE_LIMIT):
        cache.remember(f"T{number}", IdTagInfo(A.invalid if number == 5 else A.accepted))
    cache.remember("new", IdTagInfo(A.accepted))
    assert cache.look_up("T5", 0.0) is None and cache.look_up("T0", 0.0) is not None
    cache.remember("newer", IdTagInfo(A.accepted))
    assert cache.look_up("T0", 0.0) is None
    assert len(cache) == CACHE_LIMIT


def test_clearing_forgets_everything() -> None:
    cache = AuthorizationCache()
    cache.remember("T", IdTagInfo(A.accepted))
    cache.clear()
    assert cache.look_up("T", 0.0) is None and len(cache) == 0
