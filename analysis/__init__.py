"""Statistics over the tables: pure functions of Polars frames, without clock, settings or connection.

Each formula, its source and what it does not say are in docs/statistics.md.
"""
