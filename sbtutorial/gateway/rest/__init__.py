"""Messages over HTTP: the data plane that predates AMQP."""
