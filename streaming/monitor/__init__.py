"""`python -m streaming.monitor`: what queries, sources and services do, in a terminal. Reads only, starts no Spark."""
