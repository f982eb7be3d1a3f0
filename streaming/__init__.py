"""The Spark application: Kafka in, the join of posts with the candles that follow them, MongoDB and Delta out."""
