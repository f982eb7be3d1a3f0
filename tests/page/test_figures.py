"""The views of figures: they keep up with the market, take over what fits them from the address, and export it."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import expect

from tests.page.conftest import Server, Visitor


def test_the_moves_follow_the_market_by_themselves(visitor: Visitor, server: Server) -> None:
    page = visitor().see("/moves")
    price = page.get_by_role("table", name="Most traded").get_by_role("row", name="ETH")
    server.next_minute("ETH", 3_987.65)
    while not server.leads("ETH"):  # the view follows the newest minute of all
        server.next_minute("ETH", 3_987.65)
    expect(price).to_contain_text("3,987.65")


def test_a_period_that_a_view_does_not_have_is_not_taken_along(visitor: Visitor) -> None:
    page = visitor().see("/wakes?period=1y")
    page.get_by_role("navigation", name="Views").get_by_role("link", name="Moves").click()
    expect(page.get_by_role("button", name="24 h")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("table", name="Most traded")).to_be_visible()


def test_exports_have_the_horizon_and_the_bars_that_are_shown(visitor: Visitor, server: Server) -> None:
    page = visitor().see("/posts?horizon=240")
    assert _parameters(page.get_by_role("link", name="CSV export").get_attribute("href"))["horizon"] == ["240"]
    page = visitor().see("/?interval=4h")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV export").click()
    bars = download.value.path().read_text(encoding="utf-8").splitlines()[1:]
    assert len(bars) == int(page.locator(".chart-canvas").get_attribute("data-bars") or 0) > 6


def test_a_post_after_the_newest_candle_has_its_time_not_an_age(visitor: Visitor, server: Server) -> None:
    at = server.market.now + timedelta(hours=5)
    post = {"_id": "rss:9100", "post_id": "9100", "source": "rss", "title": "ETH five hours on", "url": None,
            "published_at": at, "first_seen_at": at, "seen_at": at, "hot_at": None, "currencies": ["ETH"]}  # fmt: skip
    server.database["posts"].insert_one(post)
    row = visitor().see("/posts?coin=ETH").locator(".post", has_text="ETH five hours on")
    expect(row.locator("time")).to_have_text(f"{at:%d %b, %H:%M}")
    server.database["posts"].delete_one({"_id": post["_id"]})


def test_one_reaction_is_one_reaction(visitor: Visitor, server: Server) -> None:
    at = server.market.now
    post = {"_id": "cryptopanic:9101", "post_id": "9101", "source": "cryptopanic", "title": "ETH is liked once",
            "url": None, "published_at": at, "first_seen_at": at, "seen_at": at, "hot_at": None, "currencies": ["ETH"],
            "votes": {"liked": 1}}  # fmt: skip
    server.database["posts"].insert_one(post)
    row = visitor().see("/posts?coin=ETH").locator(".post", has_text="ETH is liked once")
    expect(row.locator(".post-meta")).to_contain_text("1 reaction")
    expect(row.locator(".post-meta")).not_to_contain_text("reactions")
    server.database["posts"].delete_one({"_id": post["_id"]})


def _parameters(address: str | None) -> dict[str, list[str]]:
    return parse_qs(urlsplit(address or "").query)
