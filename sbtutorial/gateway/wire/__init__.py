"""Messages, rules and errors of Service Bus as AMQP writes them."""
