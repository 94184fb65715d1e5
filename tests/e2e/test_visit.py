"""A page of the dashboard opens although parts of it get lost on the way."""

import pytest
from playwright.sync_api import Error, Page, Route, expect

from evswarm_cli.ports import free_port
from tools.browser import visit


@pytest.mark.parametrize("lost", ["**/js/format.js", "**/css/tokens.css", "**/ui/about"])
def test_what_loses_a_file_is_opened_again(page: Page, url: str, lost: str) -> None:
    aborted: list[str] = []

    def abort_once(route: Route) -> None:
        if aborted:
            route.fallback()
        else:
            aborted.append(route.request.url)
            route.abort()

    page.route(lost, abort_once)
    visit(page, f"{url}/ui/about")
    assert len(aborted) == 1
    expect(page.get_by_role("heading", level=1, name="About")).to_be_visible()


def test_where_nobody_answers_it_is_said_what_was_lost(page: Page) -> None:
    address = f"http://127.0.0.1:{free_port()}/"
    with pytest.raises(Error, match=f"{address} does not show within 0.1 s: .*CONNECTION_REFUSED"):
        visit(page, address, 0.1)
