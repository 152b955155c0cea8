"""The commands of the command line, a module each: its parser, and what it does."""
