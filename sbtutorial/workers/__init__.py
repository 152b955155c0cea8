"""Consumers as processes of their own, killed for real."""
