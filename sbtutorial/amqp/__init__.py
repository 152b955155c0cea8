"""AMQP 1.0 without sockets and without a clock: bytes in, events out, bytes to send.

A caller holds one `connection.Connection`, of either role, and never needs more than it, the
links and sessions it hands out, `events` and the values of `types`, `messaging` and
`performatives`. Source: OASIS AMQP 1.0.

Hot are the functions that run for each frame; each says so. Their budget, on the machine that the
benchmark was written on: a message that comes in, from its bytes to its event and its disposition,
8 microseconds; one that goes out 5. Of these, a frame is cut out in 1 (`FrameReader.next_frame`),
its performative read in 2 (`composites.decode_composite`) or written in 2 (`Composite.encode`), and
taken to its link in 2 (`Connection._on_frame`, `Session.on_frame`, `ReceiverLink.on_transfer`).
Nothing goes in there that need not be there.
"""
