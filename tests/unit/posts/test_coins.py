"""Coins in titles: the rules, one by one, and the figures on recorded titles."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newswake.errors import SettingsError
from newswake.settings import DEFAULT_COINS
from producers.posts.coins import Recogniser, load_table
from producers.posts.coins_report import judge, titles_of

TABLE = load_table()
RECOGNISER = Recogniser(TABLE)


@pytest.mark.parametrize(
    ("title", "coins"),
    [
        ("Solana Back Above Support", ["SOL"]),
        ("solana-based restaking grows", ["SOL"]),
        ("Click the link in our bio", []),
        ("Link to the report: what comes next", []),
        ("LINK IN BIO: JOIN THE SPACE TODAY", []),
        ("Why LINK rises today", ["LINK"]),
        ("$LINK and $link lead", ["LINK"]),
        ("Oracle token (LINK) rises", ["LINK"]),
        ("OUR TRADE OF THE DAY: LINK/USDT", ["LINK"]),
        ("LINKUSDT perpetual is live", ["LINK"]),
        ("THE #LINK MARINES RETURN NOW", ["LINK"]),
        ("Chainlink's Sergey Nazarov speaks", ["LINK"]),
        ("Bitcoin Cash: Assessing if BCH will fall", ["BCH"]),
        ("Wrapped Bitcoin grows", ["WBTC"]),
        ("Bitcoin.com launches a card", []),
        ("btc and eth fall, xrp rises", ["BTC", "ETH", "XRP"]),
        ("BTC, LINK, DOT, NEAR rise", ["BTC", "LINK", "DOT", "NEAR"]),
        ("Bitcoin Stalls Near All-Time High", ["BTC"]),
        ("Near Protocol ships sharding", ["NEAR"]),
        ("near miss for the protocol", []),
        ("Optimism grows among investors", []),
        ("Optimism token unlock nears", ["OP"]),
        ("Cardano, Stellar and XRP lead", ["ADA", "XLM", "XRP"]),
        ("A stellar year for miners", []),
        ("Avalanche subnets grow", ["AVAX"]),
        ("An avalanche of liquidations", []),
        ("DOT-com bubble again? Not for Polkadot", ["DOT"]),
        ("AT&T accepts T in AI trial with OP code", ["OP"]),
        ("The $T token", []),
        ("ETH/BTC ratio falls", ["ETH", "BTC"]),
        ("BTC/USDT at support", ["BTC"]),
        ("@Bitcoin says nothing", []),
        ("Polygon's MATIC becomes POL", ["POL"]),
        ("$SOL: $200 or $2M?", ["SOL"]),
        ("SOLVING the problem of the SOLAR SOLstice", []),
        ("Read https://example.com/bitcoin/ETH now", []),
        ("Ethereum Classic forks", ["ETC"]),
        ("", []),
    ],
)
def test_the_rules(title: str, coins: list[str]) -> None:
    assert sorted(RECOGNISER.coins_of(title)) == sorted(coins)


def test_coins_come_in_the_order_of_the_text_and_once() -> None:
    assert RECOGNISER.coins_of("XRP, Bitcoin, then XRP and BTC (ETH)") == ("XRP", "BTC", "ETH")


def test_the_table_has_what_it_promises() -> None:
    symbols = {coin.symbol for coin in TABLE.coins}
    assert len(symbols) >= 150
    assert set(DEFAULT_COINS) <= symbols


@settings(deadline=None)  # the machine may be busy
@given(st.text(max_size=300))
def test_any_text_gives_coins_of_the_table_each_once(text: str) -> None:
    coins = RECOGNISER.coins_of(text)
    assert len(set(coins)) == len(coins)
    assert set(coins) <= {coin.symbol for coin in TABLE.coins}


PLAIN = sorted(code for coin in TABLE.coins if coin.code == "plain" for code in coin.codes)


@settings(deadline=None)  # the machine may be busy
@given(st.sampled_from(PLAIN), st.sampled_from(["{} rises again today", "Why {} fell", "analysts on {}: what now"]))
def test_every_plain_code_is_found_as_a_word_and_never_inside_one(code: str, frame: str) -> None:
    assert TABLE.current[code] in RECOGNISER.coins_of(frame.format(code))
    for hidden in (f"qx{code}", f"{code}qx", f"qx{code}qx", f"@{code}"):
        assert TABLE.current[code] not in RECOGNISER.coins_of(frame.format(hidden))


@settings(deadline=None)  # the machine may be busy
@given(st.sampled_from([(name, coin.symbol) for coin in TABLE.coins for name in coin.names]))
def test_every_name_is_found_in_any_case(named: tuple[str, str]) -> None:
    name, symbol = named
    for form in (name, name.lower(), name.upper(), f"{name}'s"):
        assert symbol in RECOGNISER.coins_of(f"what about {form} today, analysts ask")


@settings(deadline=None)  # the machine may be busy
@given(st.sampled_from(sorted(TABLE.current)))
def test_every_code_is_found_with_a_sign(code: str) -> None:
    for written in (f"${code}", f"${code.lower()}", f"({code})", f"{code}/USDT", f"{code}USDT"):
        assert TABLE.current[code] in RECOGNISER.coins_of(f"WHAT IS {written} DOING NOW")


def test_a_code_that_is_named_twice_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "coins.toml"
    table.write_text('trade_words = ["price"]\ncoins = [{ symbol = "AAA" }, { symbol = "BBB", former = ["AAA"] }]')
    with pytest.raises(SettingsError, match="AAA twice"):
        load_table(table)
    table.write_text("coins = [")
    with pytest.raises(SettingsError, match="is not a table of coins"):
        load_table(table)
    with pytest.raises(SettingsError, match="not there"):
        load_table(tmp_path / "absent.toml")


def test_precision_and_recall_on_recorded_titles(shared_data: Path) -> None:
    """Against an aggregator's own tags, which also come from the body: hence recall where the title names the coin."""
    report = judge(titles_of(shared_data / "recorded" / "posts_2025-01.parquet"), TABLE)
    default, every = report.total(DEFAULT_COINS), report.total()
    assert report.titles > 4_000
    assert default.precision >= 0.97
    assert default.named_recall >= 0.97
    assert default.recall >= 0.50
    assert every.precision >= 0.94
    assert every.named_recall >= 0.92
