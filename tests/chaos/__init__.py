"""The chaos runner: a month with known truth is told while everything is killed and frozen (`make chaos`)."""
