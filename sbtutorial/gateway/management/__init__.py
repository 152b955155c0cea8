"""The `$management` node: requests about messages, sessions and rules."""
