"""Posts: filters in the address, the back button, live arrivals, and titles that are not what they seem."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import expect

from scripts.supervision import wait_until
from tests.page import seed
from tests.page.conftest import Server, Visitor


def test_filters_are_in_the_address_and_the_back_button_takes_them_back(visitor: Visitor) -> None:
    page = visitor().see("/posts")
    page.get_by_role("combobox", name="Coin", exact=True).select_option("ETH")
    expect(page).to_have_url("/posts?coin=ETH")
    expect(page.locator(".post").first).to_contain_text("ETH")
    page.get_by_label("Words of the title").fill("upgrade")
    expect(page).to_have_url("/posts?coin=ETH&text=upgrade")
    expect(page.locator(".post").first).to_contain_text("upgrade")
    titles = page.locator(".post-title").all_inner_texts()
    assert titles and all("upgrade" in title for title in titles)
    page.go_back()
    expect(page.get_by_label("Words of the title")).to_have_value("")
    page.go_back()
    expect(page).to_have_url("/posts")
    expect(page.get_by_role("combobox", name="Coin", exact=True)).to_have_value("")


def test_an_address_with_filters_shows_the_same(visitor: Visitor, server: Server) -> None:
    page = visitor().see("/posts?coin=BTC&hot=1&sort=votes")
    expect(page.get_by_label("Only hot")).to_be_checked()
    shown = [row.get_attribute("data-post") for row in page.locator(".post").all()]
    posts = [post for post in seed.newest(server.market.observations) if post["hot_at"] and "BTC" in post["currencies"]]
    kinds = ("positive", "negative", "important", "liked", "disliked", "lol", "toxic")
    votes = {post["_id"]: sum(post["votes"][kind] for kind in kinds) for post in posts}
    assert [votes[identity] for identity in shown if identity] == sorted(votes.values(), reverse=True)[: len(shown)]


def test_all_pages_come_and_none_twice(visitor: Visitor, server: Server) -> None:
    page = visitor().see("/posts")
    expected = server.database["posts"].count_documents({})
    end = page.locator(".feed-end")

    def at_the_end() -> bool:
        page.mouse.wheel(0, 50_000)
        return end.inner_text() == "No older posts"

    assert wait_until(at_the_end, 30.0)
    shown = [row.get_attribute("data-post") for row in page.locator(".post").all()]
    assert len(shown) == len(set(shown)) == expected


def test_a_new_post_arrives_and_waits_for_who_reads(visitor: Visitor, server: Server) -> None:
    page = visitor().see("/posts?coin=PEPE")
    page.mouse.move(5, 5)
    server.database["posts"].insert_one(_post(server, "9001", "First PEPE news of the minute"))
    expect(page.locator(".post-title").first).to_have_text("First PEPE news of the minute")
    page.locator(".post-title").nth(3).hover()
    server.database["posts"].insert_one(_post(server, "9002", "Second PEPE news of the minute"))
    waiting = page.get_by_role("button", name="1 new post")
    expect(waiting).to_be_visible()
    expect(page.locator(".post-title").first).to_have_text("First PEPE news of the minute")
    waiting.click()
    expect(page.locator(".post-title").first).to_have_text("Second PEPE news of the minute")


def test_a_post_that_becomes_hot_comes_into_the_list_of_hot_ones(visitor: Visitor, server: Server) -> None:
    all_posts, hot_posts = visitor().see("/posts?coin=PEPE"), visitor().see("/posts?coin=PEPE&hot=1")
    post = _post(server, "9003", "PEPE news that becomes hot")
    server.database["posts"].insert_one(post)
    expect(all_posts.get_by_text(post["title"])).to_be_visible()
    now_hot = {"hot": True, "hot_at": post["published_at"] + timedelta(minutes=2)}
    server.database["posts"].update_one({"_id": post["_id"]}, {"$set": now_hot})
    expect(hot_posts.get_by_text(post["title"])).to_be_visible()


def test_a_reader_far_down_keeps_the_place_when_the_connection_was_lost(visitor: Visitor, server: Server) -> None:
    visit = visitor()
    page = visit.see("/posts")
    rows = page.locator(".post")
    assert wait_until(lambda: page.mouse.wheel(0, 5_000) or rows.count() > 60, 30.0)
    rows.nth(58).scroll_into_view_if_needed()
    rows.nth(58).hover()
    marked = page.locator(f".post[data-post='{rows.nth(58).get_attribute('data-post')}']")
    visit.context.set_offline(True)
    expect(page.locator("[data-connection=waiting]")).to_be_visible()
    server.database["posts"].insert_one(_post(server, "9004", "News while nobody listened"))
    with page.expect_response(lambda answer: "/api/posts?" in answer.url):
        visit.context.set_offline(False)
    expect(page.get_by_role("button", name="1 new post")).to_have_count(1)
    expect(marked).to_be_in_viewport()


def _post(server: Server, identity: str, title: str) -> seed.Row:
    at = server.market.now + timedelta(seconds=int(identity) - 9_000)
    return {
        "_id": f"rss:{identity}", "post_id": identity, "source": "rss", "kind": "news", "title": title, "url": None,
        "domain": "news.example", "published_at": at, "created_at": None, "seen_at": at, "first_seen_at": at,
        "hot": None, "hot_at": None, "currencies": ["PEPE"], "votes": None, "panic_score": None,
    }  # fmt: skip


def test_a_hostile_title_is_text_and_a_hostile_link_is_none(visitor: Visitor) -> None:
    page = visitor().see("/posts?text=onerror&post=rss:666")
    card = page.get_by_role("dialog", name="Post")
    expect(card.locator(".card-title")).to_have_text(seed.HOSTILE_TITLE)
    expect(page.locator(".post-title").first).to_have_text(seed.HOSTILE_TITLE)
    assert page.locator("main img, .card img, main b:text-is('bold')").count() == 0
    assert page.locator("a[href^='javascript' i]").count() == 0
    expect(card.get_by_text("evil.example")).to_be_visible()
    assert page.evaluate("window.hacked") is None


def test_the_card_shows_clocks_votes_and_the_wake(visitor: Visitor, server: Server) -> None:
    row = next(
        row for row in server.market.prices
        if row["source"] == "cryptopanic" and row["symbol"] == "BTC" and row["horizon_minutes"] == 60 and row["price"]
    )  # fmt: skip
    post = f"cryptopanic:{row['post_id']}"
    start = server.database["post_prices"].find_one({"_id": f"{post}:BTC:0"})
    assert start is not None
    visit = visitor()
    page = visit.see(f"/?post={post}")
    card = page.get_by_role("dialog", name="Post")
    expect(card.locator(".clocks")).to_contain_text("40 s later")
    wake = card.get_by_role("region", name="Prices of BTC after the post").get_by_role("row", name="1 h")
    change = row["price"] / start["price"] - 1
    expect(wake).to_contain_text(f"{row['price']:,.2f}")
    expect(wake).to_contain_text(f"{'+' if change > 0 else '−'}{abs(change) * 100:.2f}%")
    expect(card.get_by_role("img", name="Price of BTC from 30 minutes before")).to_be_visible()
    expect(card.get_by_role("img", name="Positive, negative and important votes")).to_be_visible()
    expect(card.get_by_role("link", name="news.example")).to_have_attribute(
        "href", f"https://news.example/{int(row['post_id']) - 1_000}"
    )
