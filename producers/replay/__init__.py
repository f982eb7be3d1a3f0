"""Replay: a recording straight into the two topics."""
