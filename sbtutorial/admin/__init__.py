"""The Service Bus administration HTTP API: requests in, responses out, no sockets and no clock."""
