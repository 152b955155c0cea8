"""Service Bus's face without a socket: AMQP nodes, management, access, the HTTP data plane.

Start at `core.py`, which everything here is given, and `reactor.py`, which says how a turn goes.

Hot are the functions that run for each message, which say so. Their budget beyond that of `amqp`,
on the machine that the benchmark was written on: a message is read in 10 microseconds
(`wire.message.read_messages`), taken by a queue in 4 (`Ingress.send`), written in 5
(`encode_delivery`); sending, locking and completing it cost the broker's rules 12 together.
"""
