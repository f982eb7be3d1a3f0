"""One query, one file: a pure `build` and a `start` that is the only I/O."""
