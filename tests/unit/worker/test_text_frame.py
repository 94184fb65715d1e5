"""The frames of messages, as the sans-I/O layer of `websockets` reads and writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode, apply_mask  # type: ignore[attr-defined]
from websockets.streams import StreamReader

from evswarm_worker.text_frame import TextFrames, ends_a_frame, short_text

FRAMES = st.builds(
    Frame,
    st.sampled_from([Opcode.TEXT, Opcode.CONT, Opcode.BINARY]),
    st.one_of(st.binary(max_size=6), st.sampled_from([b"x" * 125, b"x" * 126, b"x" * 65_536])),
    st.booleans(),
)


def written(frame: Frame) -> bytes:
    return bytes(frame.serialize(mask=False))


def read(data: bytes) -> Frame:
    reader = StreamReader()
    reader.feed_data(data)
    parsing = Frame.parse(reader.read_exact, mask=True)
    with pytest.raises(StopIteration) as ended:
        next(parsing)
    assert not reader.buffer
    frame: Frame = ended.value.value
    return frame


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65535, 65536, 100_000])
def test_the_other_side_reads_what_was_said_whatever_its_length(length: int) -> None:
    text = (b"0123456789" * (length // 10 + 1))[:length]
    frame = read(TextFrames(apply_mask)(text))
    assert (frame.opcode, frame.fin, bytes(frame.data)) == (Opcode.TEXT, True, text)
    assert not (frame.rsv1 or frame.rsv2 or frame.rsv3)


def test_no_mask_comes_twice_and_pages_are_used_to_their_end() -> None:
    frames = TextFrames(apply_mask)
    masks = [frames(b"")[2:] for _ in range(3000)]
    assert all(len(mask) == 4 for mask in masks)
    assert len(set(masks)) > 2990


@given(FRAMES)
def test_a_short_text_is_read_and_nothing_else(frame: Frame) -> None:
    short = frame.opcode is Opcode.TEXT and frame.fin and len(frame.data) < 126
    segment = written(frame)
    assert short_text(segment) == (frame.data if short else None)
    assert short_text(segment[:-1]) is None
    assert short_text(segment + b"\x81") is None


def test_a_masked_or_extended_text_is_left_to_the_parser() -> None:
    assert short_text(TextFrames(apply_mask)(b"hello")) is None
    assert short_text(b"\xc1\x02hi") is None


@given(st.lists(FRAMES, max_size=4), st.integers(min_value=0))
def test_a_row_of_frames_ends_where_its_last_frame_does(frames: list[Frame], cut: int) -> None:
    row = [written(frame) for frame in frames]
    whole = b"".join(row)
    ends = {len(b"".join(row[:count])) for count in range(len(row) + 1)}
    at = cut % (len(whole) + 1)
    assert ends_a_frame(whole)
    assert ends_a_frame(whole[:at]) == (at in ends)
