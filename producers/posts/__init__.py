"""Posts from CryptoPanic and from RSS feeds, published as observations (design: sections 2 and 3)."""
