"""The candle producer: closed minutes of the followed coins, from one exchange to the candles topic."""
