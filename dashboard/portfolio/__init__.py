"""What somebody owns, what it is worth now, and which news moved it."""

from dashboard.portfolio.holdings import add, change, read, remove
from dashboard.portfolio.read import portfolio

__all__ = ["add", "change", "portfolio", "read", "remove"]
