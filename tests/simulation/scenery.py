"""What there is in the world of a seed: themes, each with its entities and its clients."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from random import Random
from typing import Any

from sbtutorial.broker.descriptions import (
    QueueDescription,
    SubscriptionDescription,
    TopicDescription,
)
from sbtutorial.broker.rules.filters.correlation import CorrelationFilter
from sbtutorial.broker.rules.filters.sql import parse_filter
from sbtutorial.broker.rules.rule import DEFAULT_RULE_NAME, Rule
from tests.simulation.client import Client
from tests.simulation.holding import Holder
from tests.simulation.moving import Mover
from tests.simulation.programs import (
    BulkSender,
    Digger,
    Doorkeeper,
    Lettered,
    Receiver,
    Relayed,
    Sender,
    SessionReceiver,
    SessionSender,
    Taker,
    Undertaker,
)
from tests.simulation.publishing import (
    LEAFLETS,
    LETTERBOXES,
    NEWS,
    SUBSCRIPTIONS,
    Distributor,
    Editor,
    Planner,
    Publisher,
    is_half_way,
)
from tests.simulation.resending import Stubborn
from tests.simulation.web_programs import Office, Visitor, Web
from tests.simulation.world import World


class Scenery:
    """Makes the entities and the clients of a seed.

    Attributes:
        places: All that messages are in.
        session_places: Those with sessions.
        steady: Those that are never disabled.
        topics: What is sent to, beside places.
        clients: Who lives there.
    """

    def __init__(self, world: World, random: Random) -> None:
        self.places: list[str] = []
        self.session_places: list[str] = []
        self.steady: set[str] = set()
        self.topics: list[str] = []
        self.clients: list[Client] = []
        self.world = world
        self.random = random
        self.lock_duration = timedelta(seconds=random.choice((5, 5, 10, 30)))
        self.count = random.choice((6, 12, 20))

    def queue(self, name: str, **properties: Any) -> None:
        """One more queue."""
        assert self.world.broker is not None
        description = QueueDescription(
            **{"lock_duration": self.lock_duration, "max_delivery_count": 2000, **properties}
        )
        with self.world.broker.reactor.turn() as now:
            self.world.broker.namespace.create(name, description, now=now)
        self.places.append(name)

    @property
    def to_disable(self) -> list[str]:
        """What may be disabled for a while."""
        return [path for path in (*self.places, *self.topics) if path not in self.steady]

    def add(self, *clients: Client) -> None:
        """More clients."""
        self.clients += clients

    def client(self, kind: Callable[..., Client], name: str, *args: Any) -> None:
        """One more client, with a network of its own."""
        slowness = self.random.choice((0.0, 0.02, 0.02, 0.2, 4.0))
        self.add(kind(self.world, name, *args, slowness=slowness))

    def some(self, most: int) -> range:
        """One to so many."""
        return range(self.random.randint(1, most))


def orders(scene: Scenery) -> None:
    """A queue with everything that receivers do."""
    scene.queue("orders")
    for number in scene.some(2):
        scene.client(Sender, f"sender{number}", "orders", scene.count)
    for number in scene.some(3):
        scene.client(Receiver, f"receiver{number}", "orders")
    if scene.random.random() < 0.5:
        scene.client(Undertaker, "undertaker", "orders")


def fragile(scene: Scenery) -> None:
    """A queue whose messages die after two deliveries, with expiry to the dead-letter queue."""
    scene.queue("fragile", max_delivery_count=2, dead_lettering_on_message_expiration=True)
    scene.world.ledger.fragile.add("fragile")
    scene.client(Sender, "careless", "fragile", scene.count)
    for number in scene.some(2):
        scene.client(Receiver, f"clumsy{number}", "fragile")
    if scene.random.random() < 0.5:
        scene.client(Undertaker, "gravedigger", "fragile")


def taps(scene: Scenery) -> None:
    """A queue of which messages are taken for good."""
    scene.queue("taps")
    scene.client(Sender, "filler", "taps", scene.count)
    for number in scene.some(2):
        scene.client(Taker, f"taker{number}", "taps")


def tables(scene: Scenery) -> None:
    """A queue with sessions."""
    scene.queue("tables", requires_session=True)
    scene.session_places.append("tables")
    for number in scene.some(2):
        scene.client(SessionSender, f"waiter{number}", "tables", scene.count)
    for number in scene.some(2):
        scene.client(SessionReceiver, f"cook{number}", "tables")


def alarms(scene: Scenery) -> None:
    """A queue for later."""
    scene.queue("alarms")
    for number in scene.some(2):
        scene.client(Planner, f"planner{number}", "alarms", scene.count)
    if scene.random.random() < 0.7:
        scene.client(Receiver, "sleeper", "alarms", {"complete": 1})


def unique(scene: Scenery) -> None:
    """A queue that takes each message once."""
    scene.queue(
        "unique",
        requires_duplicate_detection=True,
        duplicate_detection_history_time_window=timedelta(seconds=Stubborn.WINDOW_SECONDS),
    )
    scene.client(Stubborn, "stubborn", "unique", scene.count)
    for number in scene.some(2):
        scene.client(Receiver, f"once{number}", "unique", {"complete": 5, "abandon": 1})


def news(scene: Scenery) -> None:
    """A topic, whose subscriptions have a rule of each kind."""
    broker = scene.world.broker
    assert broker is not None
    filters = (None, CorrelationFilter(label="hot"), parse_filter("sys.Label = 'cold'"))
    with broker.reactor.turn() as now:
        broker.namespace.create(NEWS, TopicDescription(), now=now)
        for path, filter in zip(SUBSCRIPTIONS, filters, strict=True):
            description = SubscriptionDescription(
                lock_duration=scene.lock_duration, max_delivery_count=2000
            )
            rule = Rule(DEFAULT_RULE_NAME, filter) if filter else None
            broker.namespace.create(path, description, now=now, rule=rule)
        odd = broker.namespace.directory.subscription(NEWS, "odd")
        for number in range(3):  # so that a long message is handed out in steps
            never = Rule(f"never{number}", parse_filter(f"sys.Label = 'never {number}'"))
            broker.namespace.create_rule(odd, never, now=now)
    scene.places += SUBSCRIPTIONS
    scene.topics.append(NEWS)
    for number in scene.some(2):
        scene.client(Publisher, f"publisher{number}", NEWS, scene.count)
    if scene.random.random() < 0.7:
        scene.client(Editor, "editor", NEWS, 6)
        scene.client(Doorkeeper, "censor", NEWS)
    for number, path in enumerate(SUBSCRIPTIONS[: scene.random.randint(1, 3)]):
        scene.client(Receiver, f"reader{number}", path)


def leaflets(scene: Scenery) -> None:
    """A topic with so many subscriptions that it hands out in steps."""
    broker = scene.world.broker
    assert broker is not None
    with broker.reactor.turn() as now:
        broker.namespace.create(LEAFLETS, TopicDescription(), now=now)
        description = SubscriptionDescription(
            lock_duration=scene.lock_duration, max_delivery_count=2000
        )
        for path in LETTERBOXES:
            broker.namespace.create(path, description, now=now)
    scene.places += LETTERBOXES
    scene.topics += [LEAFLETS] * 10  # else nobody ever disables it
    random = Random(scene.random.random())
    scene.world.dies_after = lambda changes: is_half_way(changes) and random.random() < 0.3
    scene.client(Distributor, "distributor", LEAFLETS, 4)
    if scene.random.random() < 0.5:
        scene.client(Editor, "planner", LEAFLETS, 2)
    for path in scene.random.sample(LETTERBOXES, 2):
        scene.client(Receiver, f"household {path[-2:]}", path, {"complete": 1})


def long_work(scene: Scenery) -> None:
    """A queue whose receivers hold what they have for long, by its lock tokens."""
    scene.queue("jobs")
    scene.client(Sender, "employer", "jobs", scene.count)
    for number in scene.some(2):
        scene.client(Holder, f"worker{number}", "jobs")
    scene.client(Receiver, "helper", "jobs", {"complete": 1, "release": 1})


def removals(scene: Scenery) -> None:
    """Queues, and somebody who moves messages from one to the others in transactions."""
    scene.queue("old")
    scene.queue("new")
    scene.queue("archive")
    scene.client(Sender, "packer", "old", scene.count)
    for number in scene.some(2):
        scene.client(Mover, f"mover{number}", "old", ("new", "archive"))
    if scene.random.random() < 0.5:
        scene.client(Receiver, "unpacker", "new", {"complete": 3, "abandon": 1})


def web(scene: Scenery) -> None:
    """A queue over HTTP, by one side at least."""
    scene.queue("web")
    scene.client(Web, "browser", "web", scene.count)
    if scene.random.random() < 0.5:
        scene.client(Receiver, "behind", "web")
    if scene.random.random() < 0.5:
        scene.client(Sender, "before", "web", scene.count)


def relay(scene: Scenery) -> None:
    """A queue that forwards to another one."""
    scene.queue("outbox")
    scene.queue("inbox", forward_to="outbox")
    scene.places.remove("inbox")  # nobody may look into it
    for number in scene.some(2):
        scene.client(Relayed, f"relayed{number}", "inbox", scene.count)
    scene.client(Receiver, "behind", "outbox")
    if scene.random.random() < 0.3:
        scene.client(Doorkeeper, "doorkeeper", "outbox")


def letters(scene: Scenery) -> None:
    """A queue whose dead letters go on to another one."""
    scene.queue("returns")
    scene.queue("letters", forward_dead_lettered_messages_to="returns")
    for number in scene.some(2):
        scene.client(Lettered, f"writer{number}", "letters", scene.count)
    scene.client(Receiver, "postman", "letters", {"dead-letter": 5, "complete": 2, "abandon": 1})
    if scene.random.random() < 0.5:
        scene.client(Receiver, "sorter", "returns", {"complete": 5, "abandon": 1})
    scene.client(Doorkeeper, "doorkeeper", "returns")


def bulk(scene: Scenery) -> None:
    """A queue that is sent very much at once."""
    scene.queue("bulk")
    scene.client(BulkSender, "bulky", "bulk", 2)
    scene.client(Digger, "digger", "bulk", {"complete": 9, "abandon": 1})


def office(scene: Scenery) -> None:
    """Somebody who administers."""
    scene.client(Office, "clerk", scene.count)


def lodgings(scene: Scenery) -> None:
    """Queues that end by themselves."""
    for number in scene.some(2):
        scene.client(Visitor, f"lodging{number}", scene.count)


Theme = Callable[[Scenery], None]
THEMES: tuple[Theme, ...] = (
    orders,
    orders,
    fragile,
    taps,
    tables,
    tables,
    alarms,
    unique,
    news,
    removals,
    web,
    office,
    relay,
    bulk,
    leaflets,
    long_work,
    letters,
    lodgings,
)


def make_scenery(world: World, random: Random, themes: Sequence[Theme]) -> Scenery:
    """One or two themes of a seed."""
    scene = Scenery(world, random)
    chosen = random.sample(themes, min(random.choice((1, 1, 2)), len(themes)))
    for theme in dict.fromkeys(chosen):
        world.tell("world", "theme", theme.__name__)
        theme(scene)
    return scene
