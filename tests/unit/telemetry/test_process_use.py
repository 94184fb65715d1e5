"""What a process takes of its machine."""

from evswarm_shared.telemetry.process_use import ProcessorShare, cpu_seconds, memory_bytes


def test_the_share_is_of_the_time_since_it_was_asked_last() -> None:
    times, used = iter([10.0, 12.0, 14.0]), iter([1.0, 1.5, 3.5])
    share = ProcessorShare(lambda: next(used), lambda: next(times))
    assert share.take() == 25.0
    assert share.take() == 100.0


def test_without_time_there_is_no_share_and_what_was_used_is_not_forgotten() -> None:
    times, used = iter([10.0, 10.0, 11.0]), iter([1.0, 1.2, 1.5])
    share = ProcessorShare(lambda: next(used), lambda: next(times))
    assert share.take() is None
    assert share.take() == 50.0


def test_this_process_uses_some_of_both() -> None:
    assert cpu_seconds() > 0
    assert memory_bytes() is None or memory_bytes() > 1_000_000  # type: ignore[operator]
