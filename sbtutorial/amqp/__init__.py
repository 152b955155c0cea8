"""AMQP 1.0 without sockets and without a clock: bytes in, events out, bytes to send.

A caller holds one `connection.Connection`, of either role, and never needs more than it, the
links and sessions it hands out, `events` and the values of `types`, `messaging` and
`performatives`. Source: OASIS AMQP 1.0.
"""
