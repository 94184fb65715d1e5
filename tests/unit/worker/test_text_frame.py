"""The frame of a message, read back by the sans-I/O layer of `websockets`."""

import pytest
from websockets.frames import Frame, Opcode, apply_mask  # type: ignore[attr-defined]
from websockets.streams import StreamReader

from evswarm_worker.text_frame import TextFrames


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
