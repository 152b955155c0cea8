"""The broker on a socket: the one place with an event loop."""
