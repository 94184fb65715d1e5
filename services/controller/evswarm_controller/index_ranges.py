"""Sets of station indexes as sorted, disjoint, non-adjacent ranges. Pure arithmetic, no knowledge of stations.

Every function takes and returns such tuples of ranges; a list that is not yet one goes through `normalized`.
"""

from collections.abc import Iterable, Sequence

from evswarm_shared.bus.messages import IndexRange

Ranges = tuple[IndexRange, ...]


def normalized(ranges: Iterable[IndexRange]) -> Ranges:
    """Sort, join what touches or overlaps, drop what is empty."""
    result: list[IndexRange] = []
    for current in sorted(r for r in ranges if r.start < r.stop):
        if result and current.start <= result[-1].stop:
            last = result.pop()
            result.append(IndexRange(last.start, max(last.stop, current.stop)))
        else:
            result.append(current)
    return tuple(result)


def size(ranges: Iterable[IndexRange]) -> int:
    """How many indexes the ranges hold."""
    return sum(r.stop - r.start for r in ranges)


def intersection(left: Ranges, right: Ranges) -> Ranges:
    """The indexes that are in both."""
    result: list[IndexRange] = []
    i = j = 0
    while i < len(left) and j < len(right):
        start = max(left[i].start, right[j].start)
        stop = min(left[i].stop, right[j].stop)
        if start < stop:
            result.append(IndexRange(start, stop))
        if left[i].stop < right[j].stop:
            i += 1
        else:
            j += 1
    return tuple(result)


def difference(left: Ranges, right: Ranges) -> Ranges:
    """The indexes of `left` that are not in `right`."""
    result: list[IndexRange] = []
    j = 0
    for whole in left:
        start = whole.start
        while j < len(right) and right[j].stop <= start:
            j += 1
        k = j
        while k < len(right) and right[k].start < whole.stop:
            if start < right[k].start:
                result.append(IndexRange(start, right[k].start))
            start = max(start, right[k].stop)
            k += 1
        if start < whole.stop:
            result.append(IndexRange(start, whole.stop))
    return tuple(result)


def split_at(ranges: Sequence[IndexRange], count: int) -> tuple[Ranges, Ranges]:
    """The lowest `count` indexes, and the rest."""
    head: list[IndexRange] = []
    for position, current in enumerate(ranges):
        length = current.stop - current.start
        if length > count:
            if count:
                head.append(IndexRange(current.start, current.start + count))
            rest = (IndexRange(current.start + count, current.stop), *ranges[position + 1 :])
            return tuple(head), rest
        head.append(current)
        count -= length
    return tuple(head), ()


def contains(ranges: Ranges, index: int) -> bool:
    """Whether the index is in one of the ranges."""
    low, high = 0, len(ranges)
    while low < high:
        middle = (low + high) // 2
        if ranges[middle].stop <= index:
            low = middle + 1
        else:
            high = middle
    return low < len(ranges) and ranges[low].start <= index
