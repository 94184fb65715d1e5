"""Sessions that prove themselves."""

import pytest

from evswarm_controller.access.sessions import Sessions, cookie_name, cookies

TOKEN = "a token of ours, long"
NOW = 1_800_000_000.0


def test_a_session_is_good_until_it_ends_and_holds_no_token() -> None:
    sessions = Sessions(TOKEN, 60.0)
    cookie = sessions.begin(NOW)
    session = sessions.read(cookie, NOW + 59)
    assert session is not None
    assert session.expires_at == NOW + 60
    assert session.session_id
    assert sessions.read(cookie, NOW + 60) is None
    assert TOKEN not in cookie


def test_two_sessions_are_two() -> None:
    sessions = Sessions(TOKEN, 60.0)
    assert sessions.begin(NOW) != sessions.begin(NOW)


def test_another_controller_with_the_same_token_knows_the_session() -> None:
    assert Sessions(TOKEN, 60.0).read(Sessions(TOKEN, 900.0).begin(NOW), NOW) is not None


def test_a_new_token_ends_every_session() -> None:
    assert Sessions(TOKEN + "!", 60.0).read(Sessions(TOKEN, 60.0).begin(NOW), NOW) is None


@pytest.mark.parametrize("value", ["", ".", "..", "1.a.b", "ä.ö.ü", "9999999999.x." + "0" * 64])
def test_what_we_did_not_make_is_no_session(value: str) -> None:
    assert Sessions(TOKEN, 60.0).read(value, NOW) is None


def test_a_session_cannot_be_made_longer() -> None:
    sessions = Sessions(TOKEN, 60.0)
    expires, rest = sessions.begin(NOW).split(".", 1)
    assert sessions.read(f"{int(expires) + 1}.{rest}", NOW) is None


@pytest.mark.parametrize("wrong", ["", TOKEN[:-1], TOKEN + " ", TOKEN.upper(), "ü", "\udc80"])
def test_only_the_token_is_the_token(wrong: str) -> None:
    assert Sessions(TOKEN, 60.0).is_token(TOKEN)
    assert not Sessions(TOKEN, 60.0).is_token(wrong)


def test_two_swarms_on_one_machine_have_cookies_of_their_own() -> None:
    assert cookie_name("8000") != cookie_name("8100")
    assert cookie_name("")


def test_cookies_are_found_among_others_whatever_those_look_like() -> None:
    assert cookies('a="x;b=1; s=one; bad value; s=two;s2=three', "s") == ["one", "two"]
    assert cookies("", "s") == []
