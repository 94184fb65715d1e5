"""How often a client may do something."""

from evswarm_controller.access.token_buckets import CLIENTS_KEPT, TokenBuckets


def test_a_burst_passes_and_then_one_at_a_time() -> None:
    buckets = TokenBuckets(2.0, 3)
    assert [buckets.take("a", 10.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert buckets.take("a", 10.5) == 0.0
    assert buckets.take("a", 10.5) == 0.5


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    buckets = TokenBuckets(2.0, 1)
    assert buckets.take("a", 0.0) == 0.0
    assert buckets.take("a", 1000.0) == 0.0
    assert buckets.take("a", 1000.0) > 0


def test_one_client_does_not_empty_the_bucket_of_another() -> None:
    buckets = TokenBuckets(1.0, 1)
    assert buckets.take("a", 0.0) == 0.0
    assert buckets.take("b", 0.0) == 0.0
    assert buckets.wait("a", 0.0) == 1.0


def test_looking_takes_nothing() -> None:
    buckets = TokenBuckets(1.0, 1)
    assert buckets.wait("a", 0.0) == buckets.wait("a", 0.0) == 0.0
    assert buckets.take("a", 0.0) == 0.0


def test_no_rate_is_no_limit() -> None:
    buckets = TokenBuckets(0.0, 1)
    assert {buckets.take("a", 0.0) for _ in range(10)} == {0.0}


def test_a_clock_that_goes_back_gives_and_takes_nothing() -> None:
    buckets = TokenBuckets(1.0, 2)
    buckets.take("a", 100.0)
    assert buckets.take("a", 50.0) == 0.0
    assert buckets.take("a", 50.0) == 1.0


def test_many_clients_do_not_fill_the_memory() -> None:
    buckets = TokenBuckets(1.0, 1)
    for number in range(CLIENTS_KEPT + 1):
        buckets.take(str(number), 0.0)
    assert buckets.wait("0", 0.0) == 0.0
    assert buckets.wait("1", 0.0) == 1.0
