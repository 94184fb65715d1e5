"""Keys as they are stored."""

import pytest

from evswarm_shared import authorization_key


def test_a_text_key_matches_itself_only() -> None:
    salt = authorization_key.new_salt()
    stored = authorization_key.digests(salt, "sixteen letters!")
    assert len(stored) == 1
    assert authorization_key.matches(salt, stored, b"sixteen letters!")
    assert not authorization_key.matches(salt, stored, b"sixteen letters?")
    assert not authorization_key.matches("other salt", stored, b"sixteen letters!")


def test_a_hexadecimal_key_matches_as_text_and_as_bytes() -> None:
    key = "00ff" * 8
    stored = authorization_key.digests("salt", key)
    assert authorization_key.matches("salt", stored, key.encode())
    assert authorization_key.matches("salt", stored, bytes.fromhex(key))


def test_no_key_matches_nothing() -> None:
    assert not authorization_key.matches("salt", (), b"")


@pytest.mark.parametrize("key", ["00fF" * 8, "00ff" * 9, "00FF" * 10])
def test_a_key_of_32_to_40_hexadecimal_digits_is_sent_as_its_bytes(key: str) -> None:
    assert authorization_key.password(key) == bytes.fromhex(key)


@pytest.mark.parametrize(
    "key",
    ["0123456789abcdef", "0" * 31, "0" * 33, "z" * 40, "00 ff " * 6, "sixteen letters!", "00ff" * 8 + "٠٠"],
)
def test_any_other_key_is_sent_as_its_text(key: str) -> None:
    assert authorization_key.password(key) == key.encode()


def test_salts_differ() -> None:
    assert authorization_key.new_salt() != authorization_key.new_salt()
