"""Requests, responses and refusals of HTTP, for everything that answers on it."""
