"""What people would rather look at than read: throughput, waits, deliveries, tries, shares.

Each is made in two steps. One makes rows, of events or of what a learner has measured: a list that
prints as a table. The other draws rows on matplotlib axes; a list of rows does so by its `plot`.

    rows = lab.plots.delivery_counts(lab.events("orders"))
    rows.plot()
"""

from sbtutorial.views.plots.deliveries import (
    Deliveries,
    delivery_counts,
    draw_delivery_counts,
)
from sbtutorial.views.plots.latency import Latency, draw_latencies, latencies
from sbtutorial.views.plots.shares import Share, draw_shares, who_got_what
from sbtutorial.views.plots.throughput import (
    Stopwatch,
    Throughput,
    draw_by_prefetch,
    draw_throughput,
    throughput,
    throughput_of,
)
from sbtutorial.views.plots.tries import Tries, draw_tries, tries
from sbtutorial.views.plots.waits import Wait, draw_waits, waits

__all__ = [
    "Deliveries",
    "Latency",
    "Share",
    "Stopwatch",
    "Throughput",
    "Tries",
    "Wait",
    "delivery_counts",
    "draw_by_prefetch",
    "draw_delivery_counts",
    "draw_latencies",
    "draw_shares",
    "draw_throughput",
    "draw_tries",
    "draw_waits",
    "latencies",
    "throughput",
    "throughput_of",
    "tries",
    "waits",
    "who_got_what",
]
