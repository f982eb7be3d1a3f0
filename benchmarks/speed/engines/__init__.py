"""The engines: one module each, a program that reads the two topics and tells what it found.

A program gets its job from `job.from_environment()` and tells its progress and its outcome through `tell.py`.
"""
