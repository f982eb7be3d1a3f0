"""Is it healthy, why not, and how far behind: the same rules for the terminal, the health endpoint and the page.

`read.py` reads what is known from MongoDB (`inputs.py`), `rules.py` judges it without asking anybody (`levels.py`).
"""
