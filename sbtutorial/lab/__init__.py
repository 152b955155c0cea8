"""What a notebook holds: `connect()` and the lab it gives."""
