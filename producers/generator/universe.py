"""The coins of the generated world: names for its titles, and where its prices begin."""

from __future__ import annotations

from dataclasses import dataclass

from producers.chance import uniform


@dataclass(frozen=True)
class Coin:
    """`price` is where its walk begins, `turnover` the quote volume of a usual minute, `weight` its share of news."""

    code: str
    name: str
    price: float
    turnover: float
    weight: float


_TABLE = (
    ("BTC", "Bitcoin", 95_000.0, 2_000_000.0, 34), ("ETH", "Ethereum", 3_300.0, 1_000_000.0, 20),
    ("XRP", "XRP", 2.4, 600_000.0, 14), ("SOL", "Solana", 200.0, 500_000.0, 9), ("BNB", "BNB", 690.0, 200_000.0, 4),
    ("DOGE", "Dogecoin", 0.34, 250_000.0, 5), ("ADA", "Cardano", 0.95, 120_000.0, 4),
    ("TRX", "TRON", 0.25, 60_000.0, 2),
    ("LINK", "Chainlink", 21.0, 90_000.0, 3), ("AVAX", "Avalanche", 38.0, 70_000.0, 2),
    ("XLM", "Stellar", 0.41, 50_000.0, 2), ("SUI", "Sui", 4.4, 80_000.0, 3),
    ("SHIB", "Shiba Inu", 0.000022, 60_000.0, 3),
    ("TON", "Toncoin", 5.4, 30_000.0, 1), ("HBAR", "Hedera", 0.28, 40_000.0, 1), ("DOT", "Polkadot", 7.0, 30_000.0, 1),
    ("LTC", "Litecoin", 112.0, 50_000.0, 2), ("BCH", "Bitcoin Cash", 440.0, 30_000.0, 1),
    ("UNI", "Uniswap", 13.5, 30_000.0, 1), ("NEAR", "NEAR Protocol", 5.2, 30_000.0, 1),
)  # fmt: skip

COINS = {row[0]: Coin(*row) for row in _TABLE}
# Coins that are news, and traded, but not followed: what is to be seen when somebody follows one of them.
UNFOLLOWED = ("PEPE", "WIF", "ARK", "RENDER", "INF", "GRT")


def coin_of(code: str, seed: int) -> Coin:
    """A known coin, or one made up for a code that the table does not have (it is never news)."""
    return COINS.get(code) or Coin(code, code, round(10 ** (4 * uniform(seed, "price", code) - 2), 4), 30_000.0, 0.0)
