"""Files in bodies."""

import pytest

from evswarm_controller.uploaded_file import FILENAME_MAX, safe_name, uploaded_file


def test_a_body_of_any_other_type_is_the_file() -> None:
    assert uploaded_file("", b"abc") == ("", b"abc")
    assert uploaded_file("text/plain; charset=utf-8", b"abc") == ("", b"abc")


def test_the_first_part_with_a_filename_is_the_file() -> None:
    body = (
        b"preamble\r\n--B\r\nContent-Disposition: form-data; name=a\r\n\r\nvalue\r\n"
        b'--B\r\nContent-Disposition: form-data; name=f; filename="x.log"\r\n'
        b"Content-Type: text/plain\r\n\r\none\r\n\r\ntwo\r\n"
        b'--B\r\nContent-Disposition: form-data; name=g; filename="y.log"\r\n\r\nother\r\n--B--\r\n'
    )
    assert uploaded_file('multipart/form-data; boundary="B"', body) == ("x.log", b"one\r\n\r\ntwo")


@pytest.mark.parametrize(
    ("candidates", "name"),
    [
        (("a.log",), "a.log"),
        (("", "b.log"), "b.log"),
        (("../../.bashrc",), "bashrc"),
        (("C:\\logs\\diag.zip",), "diag.zip"),
        (('x"\r\ny',), "x_y"),
        (("日本",), "upload"),
        (("", "/"), "upload"),
        (("x" * 200 + ".log",), "x" * (FILENAME_MAX - 4) + ".log"),
    ],
)
def test_a_name_is_made_harmless(candidates: tuple[str, ...], name: str) -> None:
    assert safe_name(*candidates) == name
