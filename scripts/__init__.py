"""Set-up, local services, and the commands behind the Makefile.

`places`, `checks`, `steps`, `packages`, `jars` and `setup` use the standard library alone: they run before there is a
virtual environment.
"""
