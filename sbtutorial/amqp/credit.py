"""Link credit: how many deliveries a receiver still wants. Source: AMQP 1.0, 2.6.7."""

from sbtutorial.amqp.types.serial import serial_add, serial_distance


class LinkCredit:
    """Credit and delivery-count of one link, as either side keeps them.

    Attributes:
        delivery_count: Deliveries begun on the link, from an arbitrary start; wraps at 2^32.
        available: Deliveries still welcome. Below zero when a sender takes no notice of it.
    """

    __slots__ = ("available", "delivery_count")

    def __init__(self, delivery_count: int = 0) -> None:
        self.delivery_count = delivery_count
        self.available = 0

    def spend(self) -> None:
        """Count one delivery."""
        self.delivery_count = (self.delivery_count + 1) & 0xFFFFFFFF
        self.available -= 1

    def grant(self, credit: int) -> None:
        """Welcome `credit` deliveries from now on, whatever was granted before."""
        self.available = credit

    def granted_by_peer(self, delivery_count: int | None, credit: int) -> None:
        """Take over what the receiver granted, less what is on its way to it already.

        Args:
            delivery_count: The count that the receiver had seen; None before it had seen any.
            credit: What it granted from there.
        """
        seen, sent = delivery_count, self.delivery_count
        in_flight = 0 if seen is None or seen == sent else serial_distance(seen, sent)  # hot
        if in_flight < 0:  # a count ahead of ours is one that the receiver cannot have seen
            in_flight = 0
        self.available = credit - in_flight if credit > in_flight else 0

    def exhaust(self) -> None:
        """Give back what is left, as the answer to a drain: as if all of it had been spent."""
        self.delivery_count = serial_add(self.delivery_count, max(self.available, 0))
        self.available = 0

    def exhausted_by_peer(self, delivery_count: int) -> None:
        """The sender gave back credit by moving its delivery-count ahead."""
        self.available -= max(serial_distance(self.delivery_count, delivery_count), 0)
        self.delivery_count = delivery_count
