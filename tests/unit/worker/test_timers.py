"""One timer for all stations, under a loop whose time a test turns."""

from collections.abc import Callable
from typing import Any

from evswarm_worker import timers
from evswarm_worker.real_clock import RealClock
from evswarm_worker.timers import Timers


class Clock(RealClock):
    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time


class Handle:
    def __init__(self) -> None:
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Loop:
    """Runs callbacks in the order of their time; counts how many timers are armed at once."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.calls: list[tuple[float, Handle, Callable[..., None]]] = []

    def call_later(self, delay: float, callback: Callable[..., None]) -> Handle:
        handle = Handle()
        self.calls.append((self.clock.time + delay, handle, callback))
        return handle

    @property
    def armed(self) -> int:
        return sum(not handle.cancelled for _, handle, _ in self.calls)

    def until(self, time: float) -> None:
        while True:
            live = [call for call in self.calls if not call[1].cancelled and call[0] <= time]
            if not live:
                self.clock.time = time
                return
            first = min(live, key=lambda call: call[0])
            self.calls.remove(first)
            self.clock.time = max(self.clock.time, first[0])
            first[2]()


class Sleeper:
    def __init__(self, wheel: Timers, clock: Clock, *times: float) -> None:
        self.armed = float("inf")
        self.wheel = wheel
        self.clock = clock
        self.times = list(times)
        self.woken: list[float] = []

    @property
    def due(self) -> float:
        return self.times[0] if self.times else float("inf")

    def wake(self, now: float) -> None:
        assert now == self.clock.time
        self.woken.append(now)
        self.times.pop(0)
        self.wheel.arm(self)


def make() -> tuple[Clock, Any, Timers]:
    clock = Clock()
    loop: Any = Loop(clock)
    return clock, loop, Timers(loop, clock)


def test_each_sleeper_is_woken_at_its_times_and_one_timer_is_armed() -> None:
    clock, loop, wheel = make()
    first, second = Sleeper(wheel, clock, 1010.0, 1030.0), Sleeper(wheel, clock, 1005.0)
    wheel.arm(first)
    wheel.arm(second)
    assert loop.armed == 1
    loop.until(1100.0)
    assert first.woken == [1010.0, 1030.0]
    assert second.woken == [1005.0]
    assert loop.armed == 0


def test_a_time_that_moves_closer_counts() -> None:
    clock, loop, wheel = make()
    sleeper = Sleeper(wheel, clock, 1050.0)
    wheel.arm(sleeper)
    sleeper.times = [1010.0]
    wheel.arm(sleeper)
    loop.until(1049.0)
    assert sleeper.woken == [1010.0]


def test_a_time_that_moves_away_is_waited_for() -> None:
    clock, loop, wheel = make()
    sleeper = Sleeper(wheel, clock, 1010.0)
    wheel.arm(sleeper)
    sleeper.times = [1050.0]
    wheel.arm(sleeper)
    loop.until(1049.0)
    assert sleeper.woken == []
    loop.until(1051.0)
    assert sleeper.woken == [1050.0]


def test_a_sleeper_that_always_wants_to_be_woken_leaves_time_for_others() -> None:
    clock, loop, wheel = make()
    sleeper = Sleeper(wheel, clock, *[0.0] * 10_000)
    wheel.arm(sleeper)
    loop.until(1000.1)
    assert 10 <= len(sleeper.woken) <= 0.1 / timers.GRAIN_SECONDS + 1


def test_times_that_move_to_and_fro_leave_nothing_behind() -> None:
    clock, loop, wheel = make()
    sleeper = Sleeper(wheel, clock)
    for number in range(100):
        sleeper.times = [1100.0 - number]
        wheel.arm(sleeper)
    sleeper.times = [1200.0]
    loop.until(1150.0)
    assert sleeper.woken == []
    assert len(wheel._heap) == 1
    loop.until(1300.0)
    assert sleeper.woken == [1200.0]


def test_nobody_is_woken_after_the_end() -> None:
    clock, loop, wheel = make()
    sleeper = Sleeper(wheel, clock, 1010.0)
    wheel.arm(sleeper)
    wheel.stop()
    loop.until(1100.0)
    assert sleeper.woken == []
