"""The rules for what comes in: how old the candles of each coin are, and how the sources do."""

from __future__ import annotations

from datetime import datetime

from newswake.health.inputs import MINUTE, Inputs, SourceState
from newswake.health.levels import Kind, Level, Verdict
from newswake.health.limits import Limits
from newswake.health.words import few, span

GOOD = ("ok", "delayed")


def candle_verdicts(inputs: Inputs, now: datetime | None, limits: Limits) -> list[Verdict]:
    """One verdict on all candles, and one on each coin that lags behind the others.

    A coin that nobody trades any more, or that the exchange never had, is said and is no trouble.
    """
    followed = set(inputs.application.coins) if inputs.application else set()
    if not inputs.candles or now is None:
        return [Verdict(Kind.CANDLES, "candles", Level.DEGRADED, "no candle has come yet")] if followed else []
    closes = {coin: opened + MINUTE for coin, opened in inputs.candles.items()}
    newest = max(closes.values())
    age, expected = max(now - newest, 0 * MINUTE), f"expected < {span(limits.candle_age)}"
    level = Level.OK
    if age > limits.candle_age:
        level = Level.DOWN if age > limits.down_factor * limits.candle_age else Level.DEGRADED
    verdicts = [Verdict(Kind.CANDLES, "candles", level, f"candles {span(age)} old, {expected}")]
    # By the freshest coin, so that trouble with all of them is not said twenty times.
    lags = {coin: newest - close for coin, close in closes.items() if newest - close > limits.candle_age}
    for coin, lag in sorted(lags.items()):
        if lag > limits.delisted:
            says = f"no candle for {span(lag)} while other coins have them: not traded any more, or renamed"
            verdicts.append(Verdict(Kind.CANDLES, coin, Level.OK, says))
        else:
            says = f"{span(lag)} behind the other coins, {expected}"
            verdicts.append(Verdict(Kind.CANDLES, coin, Level.DEGRADED, says))
    if never := sorted(followed - set(closes)):
        says = f"followed, but without any candle: {few(never)}"
        verdicts.append(Verdict(Kind.CANDLES, "coins", Level.OK, says))
    return verdicts


def source_verdicts(inputs: Inputs, now: datetime | None, limits: Limits) -> list[Verdict]:
    """One verdict a source. `down` is said when none of its kind (posts, candles) works."""
    verdicts = [_source(source, now, limits) for source in inputs.sources]
    for kind in ("posts", "candles"):
        of_kind = [one for one in verdicts if one.subject.partition(".")[0] == kind]
        if of_kind and all(one.level is not Level.OK for one in of_kind):
            verdicts.append(Verdict(Kind.SOURCE, kind, Level.DOWN, f"no source of {kind} works"))
    return verdicts


def _source(source: SourceState, now: datetime | None, limits: Limits) -> Verdict:
    next_try = f", next try {source.next_try_at:%Y-%m-%d %H:%M}" if source.next_try_at else ""
    if source.condition not in GOOD:
        says = f"{source.condition}: {source.reason}{next_try}"
        return Verdict(Kind.SOURCE, source.source, Level.DEGRADED, says)
    if source.next_try_at and now and now - source.next_try_at > limits.overdue:
        late = span(now - source.next_try_at)
        says = f"its next poll was due {late} ago, expected < {span(limits.overdue)}: its producer does not run"
        return Verdict(Kind.SOURCE, source.source, Level.DEGRADED, says)
    return Verdict(Kind.SOURCE, source.source, Level.OK, f"{source.condition}: {source.reason}")
