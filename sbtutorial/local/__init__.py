"""A broker for your own programs and tests: what `from sbtutorial import LocalBroker` gives."""
