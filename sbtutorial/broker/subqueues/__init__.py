"""Where messages stand: the main subqueue, the dead-letter one, and those with message sessions."""
