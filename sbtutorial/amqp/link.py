"""Links: one direction of messages, with credit, between two sides of a session.

`Link` is what both ends share, `SenderLink` is the end that sends, `ReceiverLink` the one that
receives. Source: AMQP 1.0, 2.6.
"""

from sbtutorial.amqp.link_base import Link
from sbtutorial.amqp.receiver import ReceiverLink
from sbtutorial.amqp.sender import SenderLink

__all__ = ["Link", "ReceiverLink", "SenderLink"]
