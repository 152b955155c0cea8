"""The pytest plugin: the fixtures `servicebus` and `servicebus_session`.

    def test_an_order_is_served(servicebus):
        servicebus.create_queue("orders")
        serve_one_order(servicebus.connection_string)
        assert servicebus.events("orders")[-1].what == "completed"

The wheel registers it. Whoever has installed the package and uses no fixture pays nothing: this
module imports nothing, and changes nothing until a fixture is asked for. How to use it stands in
`sbtutorial/docs/testing.md`.
"""

import sys
from collections.abc import Generator, Iterator
from importlib.machinery import PathFinder

import pytest

TYPE_CHECKING = False  # what type checkers take for typing's
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    from pluggy import Result

    from sbtutorial.local.broker import LocalBroker

# Of a test: its own broker.
_OWN: "pytest.StashKey[LocalBroker]" = pytest.StashKey()
# Of the session: the broker of `servicebus_session`, once there is one.
_SHARED: "pytest.StashKey[LocalBroker]" = pytest.StashKey()
# Of a test that uses that one: the number of the last event before it.
_BEFORE: "pytest.StashKey[int]" = pytest.StashKey()

# Option → what it chooses, and its values where they are few.
_OPTIONS: "dict[str, tuple[str, tuple[str, ...] | None]]" = {
    "tier": ("whose limits the broker keeps (standard)", ("standard", "premium", "emulator")),
    "runs_in": ("where the broker runs (thread)", ("thread", "process")),
    "storage": ("where it keeps what it accepts (memory)", ("memory", "disk")),
    "config": ("queues and topics to begin with: a file as Microsoft's emulator has it", None),
}
_MARK = (
    f"servicebus({', '.join(_OPTIONS)}): what the fixture `servicebus` of this test is, in place "
    "of what the command line and the ini file say"
)


class _AsItIs:
    """Finds this package's modules as Python does.

    Of a distribution that has a plugin, pytest compiles every module anew, with assertions that
    explain themselves, and where no bytecode may be written it does so in each run: seconds.
    """

    @staticmethod
    def find_spec(
        name: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None
    ) -> "ModuleSpec | None":
        """Where a module of ours is; None for every other."""
        return PathFinder.find_spec(name, path, target) if name.startswith(_PACKAGE) else None


_PACKAGE = "sbtutorial."
sys.meta_path.insert(0, _AsItIs)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Each option, on the command line and in the ini file."""
    group = parser.getgroup("servicebus", "a local Azure Service Bus, by sbtutorial")
    for name, (help, choices) in _OPTIONS.items():
        flag = f"--servicebus-{name.replace('_', '-')}"
        group.addoption(flag, dest=f"servicebus_{name}", choices=choices, help=help)
        parser.addini(f"servicebus_{name}", help)


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line("markers", _MARK)


@pytest.fixture
def servicebus(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[LocalBroker]":
    """An empty Service Bus namespace for this test alone, with a connection string of its own."""
    from sbtutorial.plugin.opening import marked, opened

    with opened(request.config, tmp_path_factory, marked(request.node)) as broker:
        request.node.stash[_OWN] = broker
        yield broker


@pytest.fixture(scope="session")
def servicebus_session(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[LocalBroker]":
    """One Service Bus namespace for all tests of this process, which nobody empties."""
    from sbtutorial.plugin.opening import opened

    with opened(request.config, tmp_path_factory) as broker:
        request.config.stash[_SHARED] = broker
        yield broker
    del request.config.stash[_SHARED]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Note where the shared broker stands when a test begins that uses it."""
    if "servicebus_session" in getattr(item, "fixturenames", ()):
        item.stash[_BEFORE] = 0
        if (shared := item.config.stash.get(_SHARED, None)) is not None:
            from sbtutorial.plugin.report import last_event

            item.stash[_BEFORE] = last_event(shared)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> "Generator[None, Result[pytest.TestReport], None]":
    """Have a test that fails tell what happened to its messages."""
    report = (yield).get_result()
    if not report.failed or report.when == "teardown":  # then the broker is gone, or told of it
        return
    found = [("servicebus", item.stash.get(_OWN, None), 0)]
    if (before := item.stash.get(_BEFORE, None)) is not None:
        found.append(("servicebus_session", item.config.stash.get(_SHARED, None), before))
    for fixture, broker, after in found:
        if broker is not None:
            from sbtutorial.plugin.report import section

            report.sections.append(section(fixture, broker, after))
