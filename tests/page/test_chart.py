"""The chart: it loads, it moves with the market, its markers open the posts, and it keeps where one was looking."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from scripts.supervision import wait_until
from tests.page import seed
from tests.page.conftest import Server, Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

# Finds the marker of a post whose return is still open: a blot of its colour on the chart's canvas.
FIND_OPEN_MARKER = """() => {
  const wanted = getComputedStyle(document.documentElement).getPropertyValue('--accent').trim();
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(wanted.slice(at, at + 2), 16));
  for (const canvas of document.querySelectorAll('.chart-canvas canvas')) {
    const box = canvas.getBoundingClientRect();
    if (box.width < 300 || !canvas.width) continue;
    const { data, width } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const row = 3;
    for (let at = 0; at < data.length; at += 4) {
      const inside = at + 4 * width * row;
      const same = (from) => data[from] === r && data[from + 1] === g && data[from + 2] === b && data[from + 3] === 255;
      if (same(at) && same(inside)) {
        const place = at / 4;
        const scale = box.width / width;
        return { x: box.left + (place % width) * scale, y: box.top + (Math.floor(place / width) + row) * scale };
      }
    }
  }
  return null;
}"""

# The price of now stands on the price scale in the colour of its bar, which a hollow bar is filled without.
HAS_PRICE_LABEL = """() => {
  const style = getComputedStyle(document.documentElement);
  const wanted = ['--up', '--down'].map((name) => style.getPropertyValue(name).trim().toLowerCase());
  const hex = (data, at) => '#' + [0, 1, 2].map((part) => data[at + part].toString(16).padStart(2, '0')).join('');
  return [...document.querySelectorAll('.chart-canvas canvas')].some((canvas) => {
    const box = canvas.getBoundingClientRect();
    if (box.width > 200 || box.height < 100 || !canvas.width) return false;
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let at = 0; at < data.length; at += 4) count += wanted.includes(hex(data, at));
    return count > 200;
  });
}"""


def shown_bars(page: Page) -> int:
    return int(page.locator(".chart-canvas").get_attribute("data-bars") or 0)


# The chart moves on the browser's next frame, and tells on the one after it.
TWO_FRAMES = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def shown_range(page: Page) -> tuple[str | None, str | None]:
    page.evaluate(TWO_FRAMES)
    chart = page.locator(".chart-canvas")
    return chart.get_attribute("data-from"), chart.get_attribute("data-to")


def test_the_first_page_shows_candles_posts_and_that_they_are_simulated(visitor: Visitor, server: Server) -> None:
    page = visitor().see("/")
    expect(page.locator(".chart-canvas")).to_have_attribute("data-markers", re.compile(r"[1-9]\d*"))
    assert shown_bars(page) > 500
    expect(page.locator(".banner.simulated")).to_contain_text("SIMULATED")
    expect(page.locator(".chart-head h1")).to_have_text("BTC/USDT")
    expect(page.get_by_role("link", name="TradingView")).to_have_attribute("href", "https://www.tradingview.com/")
    expect(page.locator(".chart-foot")).to_contain_text("1 gap without candles")
    assert page.locator(".feed-panel .post").count() > 10
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight"), "there is nothing below the chart"


def test_a_new_minute_is_drawn_without_losing_the_place(visitor: Visitor, server: Server) -> None:
    page = visitor().see("/?coin=ETH&interval=1m")
    page.locator(".chart-canvas").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("-")
    before, bars = shown_range(page), shown_bars(page)
    server.next_minute("ETH", 4_321.09)
    expect(page.locator(".legend")).to_contain_text("C 4,321.09")
    expect(page.locator(".chart-price")).to_have_text("4,321.09")
    assert shown_bars(page) == bars + 1
    assert shown_range(page) == before


def test_a_marker_shows_its_title_and_opens_the_card(visitor: Visitor) -> None:
    page = visitor().see("/?coin=BTC&interval=1m&horizon=240")
    expect(page.locator(".chart-canvas")).to_have_attribute("data-markers", re.compile(r"[1-9]\d*"))
    assert wait_until(lambda: page.evaluate(FIND_OPEN_MARKER) is not None, 10.0)
    place = page.evaluate(FIND_OPEN_MARKER)
    page.mouse.move(place["x"], place["y"])
    title = page.locator(".tip-title").inner_text()
    page.mouse.click(place["x"], place["y"])
    expect(page.get_by_role("dialog", name="Post").locator(".card-title")).to_have_text(title)
    assert "post=" in page.url


def test_older_candles_come_when_one_goes_there(visitor: Visitor) -> None:
    page = visitor().see("/?coin=PEPE&interval=1m")
    bars = shown_bars(page)
    page.locator(".chart-canvas").focus()
    for _ in range(8):
        page.keyboard.press("-")
    assert wait_until(lambda: shown_bars(page) > bars, 20.0)


def test_small_and_large_prices_are_written_in_full(visitor: Visitor) -> None:
    page = visitor().see("/")
    expect(page.locator(".ticker", has_text="PEPE").locator(".ticker-price")).to_have_text(
        re.compile(r"^0\.00001\d{3}$")
    )
    expect(page.locator(".ticker", has_text="BTC").locator(".ticker-price")).to_have_text(
        re.compile(r"^1\d\d,\d{3}\.\d\d$")
    )


def test_times_are_utc_or_of_this_machine(visitor: Visitor, server: Server) -> None:
    page = visitor(timezone_id="Asia/Tokyo").see("/health")
    newest = server.database["candles"].find_one(sort=[("open_time", -1)])
    assert newest is not None
    closed = newest["open_time"] + seed.MINUTE
    clock = page.locator(".clock-now")
    expect(clock).to_have_text(f"{closed:%H:%M}")
    page.get_by_role("button", name="UTC").click()
    expect(clock).to_have_text(f"{(closed.hour + 9) % 24:02}:{closed:%M}")
    page.reload()
    expect(page.get_by_role("button", name="local")).to_be_visible()


def test_a_minute_that_closes_while_the_first_candles_are_under_way_is_not_lost(
    visitor: Visitor, server: Server
) -> None:
    page = visitor().page
    frames: list[str] = []
    held: list[Route] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda text: frames.append(str(text))))
    page.route("**/api/candles?*", lambda route: held.append(route))
    page.goto("/?coin=ETH&interval=1m")

    def heard(text: str) -> bool:
        page.evaluate("0")  # lets the events of the page come in
        return any(text in frame for frame in frames)

    assert wait_until(lambda: heard("candles:ETH:1m") and bool(held), 20.0)
    answer = held[0].fetch()
    server.next_minute("ETH", 3_777.25)
    assert wait_until(lambda: heard('"close":3777.25'), 20.0)
    held[0].fulfill(response=answer)
    expect(page.locator(".chart-canvas")).to_have_attribute("aria-label", re.compile("closes at 3,777.25"))


def test_a_bar_that_has_not_ended_is_forming_until_it_has(visitor: Visitor, server: Server) -> None:
    """Also without the exchange's word on the open minute, and in between two of its words."""
    while newest_close(server, symbol="PEPE") < newest_close(server) or newest_close(server).minute % 5 != 3:
        server.next_minute("PEPE", 0.00001290)
    page = visitor().see("/?coin=PEPE&interval=5m")
    page.get_by_text("The newest candles of PEPE, as a table").click()
    rows = page.get_by_role("table", name="The newest candles of PEPE").locator("tbody tr")
    expect(rows.nth(0)).to_contain_text("(forming)")
    expect(rows.nth(1)).not_to_contain_text("(forming)")
    page.wait_for_function(HAS_PRICE_LABEL)
    server.next_minute("PEPE", 0.00001298)
    expect(rows.nth(0)).to_contain_text("0.00001298")
    expect(rows.nth(0)).to_contain_text("(forming)")
    server.next_minute("PEPE", 0.00001299)
    expect(rows.nth(0)).to_contain_text("0.00001299")
    expect(rows.nth(0)).not_to_contain_text("(forming)")


def newest_close(server: Server, **of: str) -> datetime:
    last = server.database["candles"].find_one(of, sort=[("open_time", -1)])
    assert last is not None
    opened: datetime = last["open_time"]
    return opened + seed.MINUTE
