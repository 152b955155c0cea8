"""An attack as a learner sees it: real processes, killed for real, and nothing left of them."""

import subprocess
import sys
from pathlib import Path

import pytest

from sbtutorial.attacks.attack import attack
from sbtutorial.attacks.cafe import CAFE
from sbtutorial.attacks.outcome import Outcome
from sbtutorial.attacks.processes import ProcessStage
from sbtutorial.attacks.record import played
from sbtutorial.attacks.rehearsal import rehearse
from sbtutorial.attacks.steps import What
from sbtutorial.attacks.system import System
from sbtutorial.errors import TutorialError
from sbtutorial.hosting.background import find_all
from tests.attacks.cafes import REFERENCE, WRONG

pytestmark = [pytest.mark.sdk, pytest.mark.timeout(300)]

EMPTY = "\n".join(f"def {name}(*things): ..." for name in ("open_cafe", "shop", "kitchen", "till"))
# Neither keeps a processor busy, which other tests need.
NEVER_RETURNS = "from threading import Event; Event().wait()"
PRINTS_WITHOUT_END = (
    "from threading import Event; rest = Event()\n    while not rest.wait(0.001): print('cooking')"
)
SEED = 2
PATIENCE = 60.0  # a busy machine takes long to start five processes


@pytest.fixture
def stages(home: Path, monkeypatch: pytest.MonkeyPatch) -> list[ProcessStage]:
    """The stages that were made."""
    made: list[ProcessStage] = []
    make = ProcessStage.__init__

    def remembered(self: ProcessStage, system: System, expected: int) -> None:
        make(self, system, expected)
        made.append(self)

    monkeypatch.setattr(ProcessStage, "__init__", remembered)
    return made


def nothing_is_left(home: Path, stages: list[ProcessStage]) -> bool:
    files = [path for path in home.rglob("attack-*")]
    alive = [actor for stage in stages for actor in stage._actors if actor._thread.is_alive()]
    for actor in alive:
        actor._thread.join(10)
    alive = [actor for actor in alive if actor._thread.is_alive()]
    return not files and not alive and not find_all()


def play(source: str, seed: int = 0, lines: list[str] | None = None) -> Outcome:
    shown: list[str] = [] if lines is None else lines
    return attack(CAFE, System("cafe", source), seed, show=shown.append)


def test_a_seed_is_the_same_day_for_processes_again_and_again_and_for_threads(
    home: Path, stages: list[ProcessStage]
) -> None:
    lines: list[str] = []
    first = play(WRONG[0].source, SEED, lines)
    again = play(WRONG[0].source, SEED)
    assert list(played(first.account.steps)) == list(played(again.account.steps))
    assert repr(first) == repr(again)
    assert "✗ none charged twice – at step" in repr(first)
    assert sum(step.what is What.KILLED for step in first.account.steps) == 3
    assert any("killed right after the commit" in line for line in lines)
    assert any("the broker is killed, and started again" in line for line in lines)
    assert nothing_is_left(home, stages)

    # What the checker's threads have.
    (rehearsed,) = rehearse([(System("cafe", WRONG[0].source), SEED)])
    found = first.first_broken
    assert found is not None and found.broken is not None
    assert (rehearsed.promise, rehearsed.step) == (found.promise.text, found.broken.step)
    assert (rehearsed.steps, rehearsed.seen) == (first.account.last, found.broken.seen)


def test_days_that_nobody_waits_for_any_more_leave_nothing(home: Path) -> None:
    days = rehearse([(System("cafe", source), 1) for source in (EMPTY, *[REFERENCE] * 4)])
    assert not next(days)
    days.close()  # type: ignore[attr-defined]
    assert nothing_is_left(home, [])


def test_a_cafe_in_which_nobody_works_has_a_day_too(home: Path, stages: list[ProcessStage]) -> None:
    lines: list[str] = []
    outcome = play(EMPTY, 7, lines)
    assert not outcome
    assert lines[1:] == ["shop     went home", "kitchen  went home", "till     went home"]
    assert "the shop took no order from its list" in repr(outcome)
    assert nothing_is_left(home, stages)
    # Nobody waits for those who would have come for who is killed at work.
    assert [len(stage._actors) for stage in stages] == [len(CAFE.roles)]


def test_a_role_needs_no_broker_in_its_own_process() -> None:
    """Each of a day's would import it, and a learner wait for that."""
    program = (
        "import sys, sbtutorial.attacks.child; "
        "rooms = {name.split('.')[1] for name in sys.modules if name.startswith('sbtutorial.')}; "
        "print(rooms & {'amqp', 'broker', 'gateway', 'hosting', 'server', 'store'})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "set()\n"


def test_the_stop_button_ends_it_and_leaves_nothing(home: Path, stages: list[ProcessStage]) -> None:
    def stop(line: str) -> None:
        if "went home" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attack(CAFE, System("cafe", REFERENCE), 1, show=stop)
    assert nothing_is_left(home, stages)


@pytest.mark.parametrize(
    ("source", "words", "silence_seconds"),
    [
        ("def open_cafe(admin): 1 / 0", "open_cafe failed, so there is no day: ZeroDiv", PATIENCE),
        (f"def open_cafe(admin):\n    {NEVER_RETURNS}", "open_cafe did not come to an end", 8.0),
        ("import os\ndef open_cafe(admin): os._exit(3)", "open_cafe ended its own proc", PATIENCE),
        ("import nothing_of_this_name\ndef open_cafe(admin): ...", "ModuleNotFound", PATIENCE),
    ],
)
def test_a_cafe_that_never_opens_says_why(
    home: Path, stages: list[ProcessStage], source: str, words: str, silence_seconds: float
) -> None:
    whole = EMPTY.replace("def open_cafe(*things): ...", source)
    with pytest.raises(TutorialError, match=words):
        attack(CAFE, System("cafe", whole), 0, show=print, silence_seconds=silence_seconds)
    assert nothing_is_left(home, stages)


def test_who_prints_without_end_and_never_returns_is_ended(
    home: Path, stages: list[ProcessStage]
) -> None:
    endless = EMPTY.replace(
        "def kitchen(*things): ...", f"def kitchen(client, serve):\n    {PRINTS_WITHOUT_END}"
    )
    lines: list[str] = []
    outcome = attack(CAFE, System("cafe", endless), 0, show=lines.append, silence_seconds=25.0)
    assert "the kitchen did not come to an end" in repr(outcome)
    assert sum("cooking" in line for line in lines) <= 30
    assert nothing_is_left(home, stages)


def test_a_program_that_lacks_a_function_is_refused() -> None:
    with pytest.raises(TutorialError, match="does not define kitchen, till"):
        play("def open_cafe(admin): ...\ndef shop(client, orders): ...")


@pytest.mark.parametrize("seed", [-1, True, "7", 1.5, 10**12])
def test_a_day_has_a_number(seed: object) -> None:
    with pytest.raises(TutorialError, match="A day has a number"):
        play(EMPTY, seed)  # type: ignore[arg-type]
