"""What a reader waits for: the first chart after navigation, and the pixels after a change in MongoDB."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pymongo.collection import Collection

from benchmarks.page.tables import candle
from scripts.supervision import wait_until
from tests.integration.dashboard.tables import candle_document
from tests.worlds.world import MINUTE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
PATIENCE_SECONDS = 120.0
SIZE = {"width": 1440, "height": 900}

# Notes the first frame in which a pixel of the newest bars has a candle's colour, as milliseconds since navigation;
# and, when told to, the first in which those pixels are others than they were. It looks at a strip: reading a whole
# canvas in each frame would itself be what is waited for.
WATCH = """(() => {
  const WIDTH = 120;
  const strip = () => {
    const shown = document.querySelector('.chart-canvas:not([data-bars="0"])');
    const board = shown && [...shown.querySelectorAll('canvas')].find((one) => one.width > 600);
    if (!board) return null;
    const made = board.getContext('2d', { willReadFrequently: true });
    return new Uint32Array(made.getImageData(board.width - WIDTH, 0, WIDTH, board.height).data.buffer);
  };
  const sum = () => (strip() ?? []).reduce((found, pixel) => (Math.imul(found, 31) + pixel) | 0, 0);
  const colours = () => {
    const style = getComputedStyle(document.documentElement);
    const texts = ['--up', '--down'].map((name) => style.getPropertyValue(name).trim());
    const part = (text, at) => parseInt(text.slice(at, at + 2), 16);
    return texts.map((text) => [5, 3, 1].reduce((found, at) => found * 256 + part(text, at), 255));
  };
  window.bench = { first: null, before: null, changed: null, arm() { this.changed = null; this.before = sum(); } };
  const frame = () => {
    const bench = window.bench;
    if (bench.first === null) {
      const pixels = strip();
      if (pixels && colours().some((colour) => pixels.includes(colour))) bench.first = performance.now();
    } else if (bench.before !== null && bench.changed === null && sum() !== bench.before) bench.changed = Date.now();
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})()"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Raises `RuntimeError` where there is none."""
    from playwright.sync_api import sync_playwright

    program = os.environ.get("NEWSWAKE_TEST_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if not program:
        raise RuntimeError("there is no Chromium on the PATH (NEWSWAKE_TEST_CHROMIUM may name one)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


def first_charts(browser: Browser, address: str, runs: int) -> list[float]:
    """Seconds from navigation to the first candle on the screen, each time with an empty cache."""
    found = []
    for _ in range(runs):
        with _looking(browser, address) as page:
            found.append(page.evaluate("window.bench.first") / 1_000)
    return found


def changes(
    browser: Browser, address: str, candles: Collection[dict[str, Any]], coin: str, now: datetime, runs: int
) -> list[float]:
    """Seconds from a new minute in MongoDB to other pixels of the chart that shows the coin's minutes."""
    found = []
    with _looking(browser, f"{address}/?coin={coin}&interval=1m") as page:
        last = candles.find_one({"symbol": coin}, sort=[("open_time", -1)])
        assert last is not None
        for number in range(runs + 1):
            _settled(page)
            close = last["close"] * (1.01 if number % 2 else 0.99)
            row = candle_document(candle(coin, now + number * MINUTE, close))
            begun = time.time()
            candles.insert_one(row)
            _wait(page, "changed")
            found.append(page.evaluate("window.bench.changed") / 1_000 - begun)
    return found[1:]  # the first one may be the page's own last touch


def _settled(page: Page) -> None:
    """Go on when half a second has changed nothing, and watch from then on."""
    while True:
        page.evaluate("window.bench.arm()")
        threading.Event().wait(0.5)
        if page.evaluate("window.bench.changed") is None:
            return


@contextmanager
def _looking(browser: Browser, address: str) -> Iterator[Page]:
    """A window with an empty cache, from its first candle on."""
    context = browser.new_context(viewport=SIZE, color_scheme="dark")  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_SECONDS * 1_000)
    context.add_init_script(WATCH)
    page = context.new_page()
    page.goto(address)
    _wait(page, "first")
    yield page
    context.close()


def _wait(page: Page, name: str) -> None:
    """Until a figure is there; Playwright's own waiting needs what the page's policy forbids."""
    if not wait_until(lambda: page.evaluate(f"window.bench.{name}") is not None, PATIENCE_SECONDS):
        raise RuntimeError(f"the chart was not {'drawn' if name == 'first' else 'changed'}")


def seconds(values: Sequence[float]) -> str:
    """The median, and the 95th percentile behind it."""
    rising = sorted(values)
    middle, late = rising[len(rising) // 2], rising[min(len(rising) - 1, int(0.95 * len(rising)))]
    return f"{middle * 1_000:,.0f} ms (p95 {late * 1_000:,.0f} ms)"
