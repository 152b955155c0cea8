"""A room full of learners on one machine, for real: each with a home, programs and brokers.

`python -m tests.workshop --learners 30` fills it, looks whether anybody gets in anybody's way or
into anybody's namespace, has all of them run lessons at once, and prints what that takes.
"""
