"""What holds for every view: phone width, both colours, keyboard alone, no serious finding of axe."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from scripts.places import PAGE
from tests.page.conftest import PHONE, Server, Visitor

VIEWS = ("/", "/posts", "/moves", "/wakes", "/gauge", "/statistics", "/portfolio", "/coins", "/alerts", "/health")
AXE = PAGE / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = ("serious", "critical")


def findings(page: Any) -> list[str]:
    """What axe finds serious, with where."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    report = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{found['id']}: {found['help']} at {node['target']}"
        for found in report["violations"]
        if found["impact"] in SERIOUS
        for node in found["nodes"][:3]
    ]


@pytest.mark.parametrize("colours", ["dark", "light"])
def test_axe_finds_nothing_serious(visitor: Visitor, colours: str) -> None:
    visit = visitor(color_scheme=colours)
    found = {view: findings(visit.see(view)) for view in (*VIEWS, "/?post=cryptopanic:1000")}
    assert {view: texts for view, texts in found.items() if texts} == {}


def test_every_view_fits_a_phone(visitor: Visitor) -> None:
    visit = visitor(viewport=PHONE, is_mobile=True, has_touch=True)
    widths = {}
    for view in (*VIEWS, "/?post=cryptopanic:1000"):
        page = visit.see(view)
        widths[view] = page.evaluate("document.documentElement.scrollWidth")
    assert {view: width for view, width in widths.items() if width > PHONE["width"]} == {}
    card = page.get_by_role("dialog", name="Post").bounding_box()
    assert card is not None and card["width"] == PHONE["width"]


def test_colours_follow_the_system_until_they_are_chosen(visitor: Visitor) -> None:
    visit = visitor(color_scheme="light")
    page = visit.see("/health")
    root = page.locator("html")
    expect(root).to_have_attribute("data-theme", "light")
    page.emulate_media(color_scheme="dark")
    expect(root).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Light colours").click()
    page.reload()
    expect(root).to_have_attribute("data-theme", "light")


def test_everything_can_be_reached_by_keyboard(visitor: Visitor) -> None:
    page = visitor().see("/posts")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    first = page.locator(".post-title").first
    for _ in range(40):
        page.keyboard.press("Tab")
        if first.evaluate("element => element === document.activeElement"):
            break
    expect(first).to_be_focused()
    title = first.inner_text()
    page.keyboard.press("Enter")
    card = page.get_by_role("dialog", name="Post")
    expect(card).to_be_focused()
    expect(card.locator(".card-title")).to_have_text(title)
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)
    expect(first).to_be_focused()


def test_a_view_that_is_not_there_says_so(visitor: Visitor) -> None:
    page = visitor().page
    page.goto("/nothing")
    expect(page.get_by_text("There is no such page")).to_be_visible()


def test_the_description_of_the_api_is_a_page(visitor: Visitor, server: Server) -> None:
    page = visitor().page
    page.goto("/api/docs")
    expect(page.locator(".opblock").first).to_be_visible()
