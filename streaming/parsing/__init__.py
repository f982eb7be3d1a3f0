"""From the bytes of a Kafka message to typed columns, or to the reason why it is refused."""
