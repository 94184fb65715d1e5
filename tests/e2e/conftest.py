"""What the tests of the dashboard share: a browser a module, a page, and a made-up swarm to show."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.support.browser import open_browser, open_page
from tests.support.fake_controller import running
from tests.support.fake_swarm import FakeSwarm


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of a module."""
    with open_browser() as opened:
        yield opened


@pytest.fixture
def swarm() -> FakeSwarm:
    """Made-up stations, a thousand of them."""
    return FakeSwarm(1000)


@pytest.fixture
def url(swarm: FakeSwarm) -> Iterator[str]:
    """Where `swarm` is served."""
    with running(swarm) as address:
        yield address


@pytest.fixture
def page(url: str, browser: Browser) -> Iterator[Page]:
    """A wide, light page; closed before its server, which else would wait for it."""
    with open_page(browser) as opened:
        yield opened
