"""A namespace in one SQLite file."""
