"""What the page writes, and how it lives through a server that is away."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.page.conftest import Server, Visitor


def test_a_coin_is_added_and_removed(visitor: Visitor, server: Server) -> None:
    page = visitor().see("/coins")
    page.get_by_label("Code of the coin").fill("link")
    page.get_by_role("button", name="Follow", exact=True).click()
    row = page.get_by_role("row", name="LINK")
    expect(row).to_contain_text("asking the exchange")
    listed = server.database["followed_coins"].find_one({"_id": "LINK"})
    assert listed is not None and listed["status"] == "checking"
    page.get_by_role("button", name="Remove LINK").click()
    expect(row).to_have_count(0)
    expect(page.get_by_role("row", name="ETH")).to_be_visible()


def test_what_is_no_coin_is_refused_in_words(visitor: Visitor) -> None:
    page = visitor().see("/coins")
    page.get_by_label("Code of the coin").fill("no coin!")
    page.get_by_role("button", name="Follow", exact=True).click()
    expect(page.get_by_role("alert")).not_to_be_empty()
    expect(page.get_by_label("Code of the coin")).to_have_value("no coin!")


def test_a_server_that_goes_and_comes_back(visitor: Visitor, server: Server) -> None:
    page = visitor().see("/?coin=PEPE&interval=1m")
    live = page.locator(".live")
    expect(live).to_have_attribute("data-connection", "live")
    server.stop()
    try:
        expect(live).to_contain_text("reconnecting")
        expect(page.locator(".banner.old")).to_contain_text("does not answer")
        server.next_minute("PEPE", 0.00002345)
    finally:
        server.start()
    expect(live).to_have_attribute("data-connection", "live")
    expect(page.locator(".legend")).to_contain_text("C 0.00002345")
    # The new start has a new token, which the page has fetched.
    page.goto("/coins")
    page.get_by_label("Code of the coin").fill("DOT")
    page.get_by_role("button", name="Follow", exact=True).click()
    expect(page.get_by_role("row", name="DOT")).to_be_visible()


def test_a_holding_is_added_valued_and_removed(visitor: Visitor, server: Server) -> None:
    page = visitor().see("/portfolio")
    page.get_by_label("Coin", exact=True).fill("BTC")
    page.get_by_label("Amount").fill("0.5")
    page.get_by_label("Paid for one").fill("100000")
    page.get_by_role("button", name="Add", exact=True).click()
    newest = server.database["candles"].find_one({"symbol": "BTC"}, sort=[("open_time", -1)])
    assert newest is not None
    row = page.get_by_role("row", name="BTC").first
    expect(row).to_contain_text(f"{newest['close'] * 0.5:,.2f}")
    page.get_by_role("button", name="Remove BTC").click()
    expect(page.get_by_text("No holdings yet")).to_be_visible()


def test_an_alert_channel_is_tested_and_its_secret_is_not_shown(visitor: Visitor) -> None:
    page = visitor().see("/alerts")
    page.get_by_label("Name", exact=True).fill("Desk")
    page.get_by_label("Address", exact=True).fill("json://user:secretword@127.0.0.1:9/x")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("button", name="Send a test to Desk").click()
    expect(page.get_by_role("alert")).to_contain_text("Desk did not take it")
    expect(page.get_by_role("region", name="Alerts that were sent")).to_contain_text("not delivered")
    assert "secretword" not in page.content()
