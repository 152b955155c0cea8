"""The AMQP nodes that a link attaches to, and what a link does there."""
