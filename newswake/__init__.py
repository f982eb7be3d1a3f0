"""What every part of newswake shares: settings, message contracts, errors, the clock, Kafka clients, logs.

Nothing here imports another package of the project.
"""

__version__ = "0.1.0"
