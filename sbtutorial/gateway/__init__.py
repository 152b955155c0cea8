"""Service Bus's face without a socket: AMQP nodes, management, access, the HTTP data plane."""
