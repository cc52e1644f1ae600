"""From a message on the bus to a durable, acknowledged commit."""
