"""Small worlds of posts and candles for tests, and what must come out of them, computed without Spark."""
