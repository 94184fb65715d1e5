"""Names that are ours, and pages that may call us."""

import pytest

from evswarm_controller.access.names import TrustedNames, name_of, port_of

NAMES = TrustedNames("192.168.1.5", "controller, swarm.example.com,*.lab.example.com,")


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LocalHost:8000",
        "swarm.localhost",
        "127.0.0.1:8000",
        "[::1]:8000",
        "192.168.1.5:8000",
        "10.1.2.3",
        "controller:8000",
        "swarm.example.com",
        "swarm.example.com.:443",
        "a.lab.example.com",
    ],
)
def test_names_of_ours_and_addresses_are_answered(host: str) -> None:
    assert NAMES.admits(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "lab.example.com",
        "xlab.example.com",
        "notlocalhost",
        "localhost:8000@evil.example",
        "evil.example@localhost",
        "localhost:port",
        "localhost:",
        "[localhost]",
        "local host",
    ],
)
def test_any_other_name_and_what_is_no_name_is_refused(host: str) -> None:
    assert not NAMES.admits(host)


def test_a_name_we_listen_on_is_ours() -> None:
    assert TrustedNames("Swarm.lan", "").admits("swarm.lan:8000")
    assert not TrustedNames("", "").admits("")


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://localhost:8000", "localhost:8000"),
        ("http://LOCALHOST:8000", "localhost:8000"),
        ("https://swarm.example.com", "controller:8000"),
        ("http://[::1]:8000", "[::1]:8000"),
    ],
)
def test_a_page_from_where_it_sends_to_or_of_an_allowed_name_is_ours(origin: str, host: str) -> None:
    assert NAMES.is_own_page(origin, host)


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "http://evil.example",
        "http://localhost:5173",
        "http://127.0.0.1:8000",
        "file://localhost:8000",
        "localhost:8000",
    ],
)
def test_a_page_from_anywhere_else_is_not(origin: str) -> None:
    assert not NAMES.is_own_page(origin, "localhost:8000")


def test_an_address_in_brackets_has_a_name_and_a_port() -> None:
    assert (name_of("[fe80::1]:80"), port_of("[fe80::1]:80"), port_of("[fe80::1]")) == ("fe80::1", "80", "")
