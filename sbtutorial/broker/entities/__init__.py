"""Queues, topics and subscriptions: what is sent to, what is received from, and what both share."""
