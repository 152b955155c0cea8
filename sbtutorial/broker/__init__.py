"""Service Bus's rules for queues, without sockets, clocks or AMQP.

Time is an argument (`now`, seconds since the epoch on the broker's own clock), lock tokens come
from an injected callable, and everything that happens to a message is told to a journal. Start at
`namespace.py`; the life of one message is the table in `states.py`.
"""
