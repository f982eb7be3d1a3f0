"""How fast the page is: `python -m benchmarks.speed page --help`.

A mongod of its own is filled (tables.py), the page's server is started on it (served.py). Then a headless Chromium
looks (browser.py), and many clients listen while the market goes on (clients.py).
"""
