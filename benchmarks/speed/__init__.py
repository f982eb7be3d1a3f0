"""How fast, how soon, how small: `python -m benchmarks.speed --help`.

A load (load.py) is put on the two topics of a broker of its own (stand.py). Then one engine after the other (engines/)
reads it in a process of its own, which is measured (usage.py), and has to give the same count and sum of prices.
"""
