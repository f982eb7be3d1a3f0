"""Sources of posts and candles, the simulator and the replay: everything that writes to Kafka."""
