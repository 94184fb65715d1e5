"""A page of the dashboard opens although parts of it get lost on the way: by itself once, in tests until it does."""

import pytest
from playwright.sync_api import Error, Page, Route, expect

from evswarm_cli.ports import free_port
from tools.browser import visit


def lose_once(page: Page, pattern: str) -> list[str]:
    """Lose the first request of this address; what was lost."""
    lost: list[str] = []

    def lose(route: Route) -> None:
        if lost:
            route.fallback()
        else:
            lost.append(route.request.url)
            route.abort()

    page.route(pattern, lose)
    return lost


@pytest.mark.parametrize("pattern", ["**/js/format.js", "**/css/tokens.css", "**/ui/about"])
def test_what_loses_a_file_is_opened_again(page: Page, url: str, pattern: str) -> None:
    lost = lose_once(page, pattern)
    visit(page, f"{url}/ui/about")
    assert len(lost) == 1
    expect(page.get_by_role("heading", level=1, name="About")).to_be_visible()


def test_a_page_that_lost_a_module_loads_itself_again(page: Page, url: str) -> None:
    lost = lose_once(page, "**/js/format.js")
    page.goto(f"{url}/ui/about")
    expect(page.get_by_role("heading", level=1, name="About")).to_be_visible()
    assert len(lost) == 1


def test_a_page_that_lost_a_module_again_says_so_and_leaves_it_at_that(page: Page, url: str) -> None:
    asked: list[str] = []

    def lose(route: Route) -> None:
        asked.append(route.request.url)
        route.abort()

    page.route("**/js/format.js", lose)
    page.goto(url)
    expect(page.get_by_text("A part of this page did not arrive.")).to_be_visible()
    assert len(asked) == 2


def test_where_nobody_answers_it_is_said_what_was_lost(page: Page) -> None:
    address = f"http://127.0.0.1:{free_port()}/"
    with pytest.raises(Error, match=f"{address} does not show within 0.1 s: .*CONNECTION_REFUSED"):
        visit(page, address, 0.1)
