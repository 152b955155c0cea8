"""A day, played: turn by turn, with each blow at its moment, until nothing is left to do.

One role works at a time, until its function returns; whoever is killed or fails is started again.
That is what makes a day repeatable: between two moments one program alone acts, and it is hit where
it stands still. When all have had their turn, more time passes than any lock lasts, and whoever has
something left has another one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from sbtutorial.attacks.actor import READY
from sbtutorial.attacks.assignment import Role, Tool, assignment, opening
from sbtutorial.attacks.blows import REFUSAL, strike
from sbtutorial.attacks.plan import Harm, Moment, Plan
from sbtutorial.attacks.record import Record, Show, Tell
from sbtutorial.attacks.scene import Scene
from sbtutorial.attacks.stage import Actor, Stage
from sbtutorial.attacks.steps import BROKER, Account, What
from sbtutorial.attacks.world import DEAD_LETTERS, World, entity_of
from sbtutorial.errors import TutorialError
from sbtutorial.snapshot import DEAD
from sbtutorial.snapshot import READY as READY_MESSAGE
from sbtutorial.text import one_line

SILENCE_SECONDS = 15.0  # without a sign of life; more than who stops after a second ever needs
_MOST_ROUNDS = 12
_MOST_IDLE_ROUNDS = 2
_MOST_FRUITLESS = 3  # calls in one turn, with nothing done between them
_MOST_STEPS = 1000
_WORK_OF = {Moment.ORDER: What.TOOK, Moment.SERVED: What.SERVED}
_WORK_WITH = {Tool.ORDERS: What.TOOK, Tool.SERVE: What.SERVED, Tool.BOOK: What.CHARGED}
_MOST_ERROR_CHARS = 120
_WORKING = (Moment.COOKING, Moment.PAYING)


@dataclass
class _Cast:
    """One role in the course of a day."""

    role: Role
    actor: Actor | None = None
    is_done: bool = False  # its function has returned, and nothing new will come for it
    is_down: bool = False  # nobody starts it any more today
    entities: set[str] = field(default_factory=set)


class Day:
    """One day of a system.

    Args:
        scene: Who works, and how.
        plan: What goes wrong.
        stage: Where they play.
        world: What they play in.
        tell: Called with each step as it happens.
        show: Called with a role and a line that it printed.
        silence_seconds: How long a role may give no sign of life.
    """

    def __init__(
        self,
        scene: Scene,
        plan: Plan,
        stage: Stage,
        world: World,
        *,
        tell: Tell = lambda step: None,
        show: Show = lambda role, line: None,
        silence_seconds: float = SILENCE_SECONDS,
    ) -> None:
        self._scene = scene
        self._plan = plan
        self._stage = stage
        self._world = world
        self._silence_seconds = silence_seconds
        self._record = Record(tell, show)
        self._cast = [_Cast(role) for role in scene.roles]
        self._kills_ahead = plan.kill_count

    def play(self) -> Account:
        """Play it, and tell all that is known of it.

        Raises:
            TutorialError: The café never opened, as its opening failed; or the broker is gone.
        """
        self._open()
        idle_rounds = 0
        for number in range(_MOST_ROUNDS):
            if number:
                self._world.let_time_pass()
                self._record.add(BROKER, What.LATER)
            before = self._record.work_count
            self._round(is_first=not number)
            idle_rounds = 0 if self._record.work_count > before else idle_rounds + 1
            if self._is_over() or idle_rounds >= _MOST_IDLE_ROUNDS:
                break
        self._listen()
        messages = self._world.messages()
        return Account(
            self._plan,
            tuple(self._record.steps),
            dict(self._world.facts),
            [found for found in messages if found.state != DEAD],
            [found for found in messages if found.state == DEAD],
            self._homes(),
        )

    def _homes(self) -> dict[What, frozenset[str]]:
        """From where those received who do a kind of work."""
        homes: dict[What, frozenset[str]] = {}
        for one in self._cast:
            work = _WORK_WITH[one.role.tool]
            homes[work] = homes.get(work, frozenset()) | one.entities
        return homes

    # --- rounds and turns -------------------------------------------------------------------------

    def _open(self) -> None:
        first = self._cast[0]
        first.actor = self._stage.actor(first.role.name)
        self._require_ready(first.actor)
        first.actor.go_on(**opening(self._scene.opening, self._world.connection_string))
        self._require_ready(first.actor)

    def _require_ready(self, actor: Actor) -> None:
        """See that the program waits for a turn."""
        heard, name = self._hear(self._cast[0], actor), self._scene.opening
        if heard is None:
            raise TutorialError(f"{name} did not come to an end.")
        if "ended" in heard:
            raise TutorialError(f"{name} ended its own process.")
        if "failed" in heard:
            error, where = heard["failed"]["error"], "\n".join(heard["failed"]["where"])
            raise TutorialError(f"{name} failed, so there is no day: {error}\n{where}".rstrip())

    def _round(self, *, is_first: bool) -> None:
        for cast in self._cast:
            if not cast.is_down and (is_first or self._has_work(cast)):
                self._turn(cast)

    def _has_work(self, cast: _Cast) -> bool:
        if cast.role.tool is Tool.ORDERS:
            return not cast.is_done
        left = self._entities_with(lambda state: state != DEAD)
        dead = {path + DEAD_LETTERS for path in self._entities_with(lambda state: state == DEAD)}
        return bool((left | dead) & cast.entities or left - self._owned)

    def _is_called_back(self, cast: _Cast) -> bool:
        """Whether somebody went home while a message was ready for them."""
        if cast.role.tool is Tool.ORDERS:
            return False
        ready = self._entities_with(lambda state: state == READY_MESSAGE)
        return bool(ready & cast.entities if cast.entities else ready - self._owned)

    def _entities_with(self, is_meant: Callable[[str], bool]) -> set[str]:
        """Where messages are in such a state."""
        self._listen()
        return {found.entity for found in self._world.messages() if is_meant(found.state)}

    @property
    def _owned(self) -> set[str]:
        """From where anybody has received."""
        return {entity for one in self._cast for entity in one.entities}

    def _is_over(self) -> bool:
        if any(one.is_down for one in self._cast):
            return True
        return not any(self._has_work(one) for one in self._cast)

    def _turn(self, cast: _Cast) -> None:
        """Have one role work until its function returns and nothing is left that it could take.

        One that returns too soon is called again at once, as long as something comes of it: on a
        slow machine a message comes too late for who waits half a second, and that must not make
        another day of it.
        """
        self._listen()
        self._world.touched.clear()
        fruitless, done = 0, self._record.work_count
        while not cast.is_down and fruitless < _MOST_FRUITLESS:
            has_returned = self._is_played(cast)
            # A program that has ended has no connections any more.
            self._world.cut()
            self._listen()
            cast.entities |= {entity_of(path) for path in self._world.touched}
            if has_returned and not self._is_called_back(cast):
                break
            fruitless = 1 if self._record.work_count > done else fruitless + 1
            if self._record.is_after_a_kill:
                fruitless = 0
            done = self._record.work_count
        if not cast.is_down and has_returned:
            self._record.add(cast.role.name, What.WENT_HOME)
            cast.is_done = True

    def _is_played(self, cast: _Cast) -> bool:
        """Give a role a turn; whether its function has returned."""
        actor = cast.actor
        if actor is None:
            actor = cast.actor = self._stage.actor(cast.role.name)
            if not self._is_ready(cast, actor):
                return False
        actor.go_on(**self._assignment(cast.role))
        while cast.actor is actor:
            heard = self._hear(cast, actor)
            if heard is None:
                self._give_up(cast, f"{self._silence_seconds:g} s without a sign of life")
            elif "failed" in heard:
                self._fail(cast, heard["failed"])
            elif "ended" in heard:
                self._fail(cast, {"error": "its process ended by itself", "where": []})
            elif heard["at"] == READY:
                self._note_charges(cast.role)
                return True
            else:
                self._pass(cast, actor, heard)
        return False

    def _hear(self, cast: _Cast, actor: Actor) -> dict[str, Any] | None:
        """The next report; None when none comes in time, however much is printed meanwhile."""
        end = monotonic() + self._silence_seconds
        while (left := end - monotonic()) > 0:
            heard = actor.hear(left)
            if not isinstance(heard, str):
                return heard
            self._record.print(cast.role.name, heard)
        return None

    def _is_ready(self, cast: _Cast, actor: Actor) -> bool:
        """Whether a new incarnation waits for its turn."""
        heard = self._hear(cast, actor)
        if heard is not None and heard.get("at") == READY:
            return True
        self._give_up(cast, "it did not even start")
        return False

    def _assignment(self, role: Role) -> dict[str, Any]:
        world = self._world
        return assignment(role, self._plan, world.connection_string, world.book_path)

    # --- moments ----------------------------------------------------------------------------------

    def _pass(self, cast: _Cast, actor: Actor, heard: dict[str, Any]) -> None:
        """A role stands still at a moment: note it, hit it, and let it go on if it lives."""
        self._stage.expect(self._kills_ahead)  # only who works can be killed
        self._kills_ahead = 0
        role, moment = cast.role.name, Moment(heard["at"])
        if work := _WORK_OF.get(moment):
            self._record.add(role, work, heard.get("order", ""))
        if moment is Moment.PAID:
            self._note_charges(cast.role)
        if self._plan.pace_seconds and moment in _WORKING:
            self._world.let_time_pass(self._plan.pace_seconds)
        nth = self._record.count(role, moment)
        answer: dict[str, str] = {}
        for harm in self._plan.at(role, moment, nth):
            if harm is Harm.KILL:
                self._kill(cast, moment, heard.get("order", ""))
                return
            self._record.add(role, What.HARMED, heard.get("order", ""), harm)
            if harm is Harm.REFUSE:
                answer["refused"] = REFUSAL
            else:
                is_sender, step = cast.role.tool is Tool.ORDERS, self._record.next_number - 1
                strike(self._world, harm, is_sender=is_sender, step=step)
        if self._record.next_number > _MOST_STEPS:
            self._give_up(cast, f"the day had {_MOST_STEPS} steps by then")
            return
        actor.go_on(**answer)

    def _kill(self, cast: _Cast, moment: Moment, order: str) -> None:
        self._end(cast)
        self._record.add(cast.role.name, What.KILLED, order, moment)

    def _fail(self, cast: _Cast, failure: dict[str, Any]) -> None:
        self._end(cast)
        self._note_charges(cast.role)
        for line in failure["where"]:
            self._record.print(cast.role.name, line)
        self._record.add(
            cast.role.name, What.FAILED, detail=one_line(str(failure["error"]), _MOST_ERROR_CHARS)
        )

    def _give_up(self, cast: _Cast, why: str) -> None:
        self._end(cast)
        self._note_charges(cast.role)
        cast.is_down = True
        self._record.add(cast.role.name, What.SILENT, detail=why)

    def _end(self, cast: _Cast) -> None:
        """End an incarnation: its process first, and then what the broker has of it."""
        self._listen()
        if cast.actor is not None:
            cast.actor.kill()
            cast.actor = None
        self._world.cut()

    # --- noting -----------------------------------------------------------------------------------

    def _listen(self) -> None:
        """What the broker has told by now is so by the next step."""
        self._world.listen(self._record.next_number)

    def _note_charges(self, role: Role) -> None:
        if role.tool is Tool.BOOK:
            for order_id, euros in self._world.new_charges():
                self._record.add(role.name, What.CHARGED, order_id, euros)
