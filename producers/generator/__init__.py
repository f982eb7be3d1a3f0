"""A seeded market and seeded news with known wakes: endless for the simulator, bounded for tests."""
