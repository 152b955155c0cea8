"""Exercises that the notebook checks: what the broker saw is judged, never the text of the code."""
