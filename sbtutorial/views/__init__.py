"""Pictures of what the broker saw, each with a text twin that carries the same facts."""
