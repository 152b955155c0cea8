"""The environment of the commands. Standard library only: it runs where nothing is installed."""
