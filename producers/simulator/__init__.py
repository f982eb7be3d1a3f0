"""A local server that speaks the exchange's and the news API, so that the real producers run against it."""
