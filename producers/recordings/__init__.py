"""Recordings: files of candles and posts, read into one shape whatever they were written as."""
