"""Figures that are too long for the tests: each is a program of its own."""
