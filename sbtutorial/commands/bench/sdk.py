"""The real SDK, both halves, on a broker that keeps nothing and on one that keeps everything."""

from collections.abc import Iterator
from statistics import median
from typing import NamedTuple

from sbtutorial.commands.bench.brokers import Spent, side_by_side
from sbtutorial.commands.bench.client import Client
from sbtutorial.commands.bench.rows import Row, Sizes, Target, median_ratio

FLAVOURS = {"sync": "SDK", "aio": "SDK aio"}
_SHARE = {"memory": Target(0.6), "durable": Target(0.9)}
_DURABLE_RATE = Target(0.7, is_floor=True)


class Step(NamedTuple):
    """A piece of work.

    Attributes:
        what: In the report.
        work: In `sdk_client`.
        is_batched: Whether it goes so fast that more messages are needed.
    """

    what: str
    work: str
    is_batched: bool = False


# What a step sends, a later one of as many takes away.
STEPS = (
    Step("send one by one", "send"),
    Step("receive + complete one by one", "receive"),
    Step("send in batches of 100", "send batches", True),
    Step("receive 100 at a time + complete each", "receive many", True),
    Step("send in batches of 100, again", "send batches", True),
    Step("receive and delete, 100 at a time", "take many", True),
)


def rows(sizes: Sizes) -> Iterator[Row]:
    """The broker's CPU beside the client's for each step, and what keeping costs."""
    for flavour, name in FLAVOURS.items():
        with side_by_side() as brokers, Client.of_module("sdk_client", flavour) as client:
            for step in STEPS:
                count = sizes.batched if step.is_batched else sizes.messages
                spent: dict[str, list[Spent]] = {storage: [] for storage in brokers}
                for _ in range(sizes.rounds):
                    for storage, broker in brokers.items():
                        string = broker.connection_string
                        done = client.spend(
                            broker.measured, count, work=step.work, connection_string=string
                        )
                        spent[storage].append(done)
                yield from _compared(f"{name}: {step.what}", spent)


def _compared(what: str, spent: dict[str, list[Spent]]) -> Iterator[Row]:
    for storage, runs in spent.items():
        share = median(run.share for run in runs)
        each = {
            side: 1e6 * median(getattr(run, side) / run.messages for run in runs)
            for side in ("broker", "client")
        }
        note = f"{median(run.rate for run in runs):,.0f}/s; "
        note += f"{each['broker']:.0f} / {each['client']:.0f} µs of CPU"
        yield Row(f"{what}: broker ÷ client CPU, {storage}", share, "", _SHARE[storage], note)
    rates = [(d.rate, m.rate) for m, d in zip(spent["memory"], spent["durable"], strict=True)]
    yield Row(f"{what}: rate, durable ÷ memory", median_ratio(rates), "", _DURABLE_RATE)
