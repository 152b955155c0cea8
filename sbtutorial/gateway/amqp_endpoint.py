"""One AMQP connection: bytes into the engine, its events to who handles them, bytes out.

What comes in waits here until the reactor gives the connection its share of a turn. A client that
reads little is handed out little; one that asks for much and reads nothing is heard no further.
Source: AMQP 1.0, part 2; Azure Service Bus, "AMQP 1.0 protocol guide".
"""

import logging
from collections import deque
from math import inf

from sbtutorial.amqp.connection import Connection, ConnectionRole
from sbtutorial.amqp.errors import Condition
from sbtutorial.amqp.limits import UNPROVED, ConnectionLimits
from sbtutorial.amqp.performatives import Error
from sbtutorial.gateway.access.admission import PROOF_SECONDS, Probation
from sbtutorial.gateway.core import Core
from sbtutorial.gateway.endpoint import Close, Write
from sbtutorial.gateway.event_handling import EventHandling, forgetting
from sbtutorial.gateway.faults import OUTAGE_REFUSED
from sbtutorial.gateway.late_output import LateOutput
from sbtutorial.gateway.nodes.peer import Peer
from sbtutorial.gateway.wire.conditions import INTERNAL_ERROR

# What a connection may have sent that was not acted on yet, before it is not read any more. It is
# much: a client of the Python SDK lets its kernel end a connection that nobody reads for a second.
MAX_BACKLOG_BYTES = 1024 * 1024
# What may be handed out before the bytes have left the engine.
MAX_UNSENT_BYTES = 256 * 1024
# What may still be answered, while the client is behind in reading, before it is heard no further.
# A client that sends before it reads must not find itself waiting for us while we wait for it.
MAX_UNREAD_ANSWER_BYTES = 4 * 1024 * 1024
# Of a delivery that is larger than this, so much is written in a turn.
ROOM_BYTES = 1024 * 1024
_FRAMES_AT_ONCE = 32
# How many answers of ours a client waits for, one after the other, before it can prove itself.
_ANSWERS_BEFORE_PROOF = 8
# How long a client that was turned out may take to read why.
_LAST_WORDS_SECONDS = 5.0

_LOG = logging.getLogger(__name__)


class AmqpEndpoint:
    """Serves one AMQP client: an `Endpoint`, and a `Handler` of the reactor.

    Attributes:
        peer: What is known of the client.
        connection: The engine.
        is_proved: Whether the client has ever proved who it is on this connection.
        is_cut: Whether a fault has ended the connection.
    """

    def __init__(self, core: Core, write: Write, close: Close) -> None:
        self._core = core
        self.peer = Peer(core, self)
        self.connection = Connection(
            ConnectionRole.SERVER,
            container_id=f"{core.namespace.name}-{core.ids.suffix()}",
            authenticate=self.peer.authenticate,
            limits=UNPROVED,
        )
        self.connection.room_bytes = ROOM_BYTES
        self._outgoing = self.connection.outgoing
        self._events = self.connection.waiting_events
        self._idle_timeout = self.connection.idle_timeout
        self.is_proved = False
        self._probation: Probation | None = Probation()
        late_seconds = _ANSWERS_BEFORE_PROOF * core.faults.delay_seconds
        self._proof_due = core.clock.elapsed() + PROOF_SECONDS + late_seconds
        self._is_turned_out = False
        self._budget = core.budget
        self._faults = core.faults
        self._output = LateOutput(write, close, core.faults, core.clock)
        self._input: deque[bytes] = deque()
        self._input_bytes = 0
        self._is_read_to_the_end = True  # what the engine has been fed
        self._jobs = 0
        self._is_paused = False
        self._unread_answer_bytes = 0
        self._is_lost = False
        self.is_cut = False
        self._last_said = b""  # before it was cut
        self._has_new_deadline = True  # besides the engine's
        self._handling = EventHandling(self.peer, self.connection)
        core.clients.enter(self)
        if core.faults.is_out:
            self._refuse()
        core.reactor.has_output(self)  # which sets the alarm for its proof, if it says nothing

    # -- For who carries the bytes ------------------------------------------------------------

    @property
    def takes_input(self) -> bool:
        """Whether the client may send more: little of what it sent is still to be acted on."""
        return self._input_bytes < MAX_BACKLOG_BYTES

    def receive_data(self, data: bytes) -> None:
        """Take in what the client sent, to act on it in a turn to come."""
        if self._probation is not None and (excess := self._probation.received(len(data))):
            # What it goes on sending is thrown away for a while: cut off in the middle of it, the
            # client would not get to read why.
            if not self._is_turned_out:
                self._turn_out(excess)
                self._proof_due = self._core.clock.elapsed() + _LAST_WORDS_SECONDS
                self._has_new_deadline = True
            return
        self._input.append(data)
        self._input_bytes += len(data)
        self._core.reactor.has_input(self)

    def pause_writing(self) -> None:
        """Hand out nothing more: the client is behind in reading."""
        self._is_paused = True
        self._unread_answer_bytes = 0

    def resume_writing(self) -> None:
        """Go on: the client has read most of what there was."""
        self._is_paused = False
        self._unread_answer_bytes = 0
        self._core.reactor.has_input(self)

    def input_ended(self) -> bool:
        """Whoever speaks AMQP and sends no more is gone: there is no goodbye but a close."""
        return False

    def connection_lost(self) -> None:
        """The socket is gone, with or without a goodbye: so are the links, not their locks.

        What the client had said before still counts, all of it.
        """
        self._is_lost = True
        self._core.reactor.has_input(self)

    # -- For the reactor ----------------------------------------------------------------------

    def work(self, now: float) -> bool:
        """Act on what has come, as far as this turn's share goes. Hot: runs in each turn.

        Returns:
            Whether there is more that can be acted on at once.
        """
        budget, events, handlers = self._budget, self._events, self._handling.handlers
        connection, outgoing, output = self.connection, self._outgoing, self._output
        if connection.has_rest and not self._is_lost:
            return False  # what is asked for meanwhile would have to wait behind it
        # As `_must_wait`; while this works on, only the engine writes.
        room_bytes = MAX_UNREAD_ANSWER_BYTES - output.size_bytes - self._unread_answer_bytes
        while budget.left > 0 and not self._jobs:
            if outgoing.size_bytes >= room_bytes and not self._is_lost:
                return self._has_more()
            if events:
                budget.left -= 1
                event = events.popleft()
                handler = handlers.get(type(event))
                if handler is not None and (job := handler(event, now)):
                    self._jobs += 1
                    self._core.reactor.start(job, owner=self)
            elif self._input or not self._is_read_to_the_end:
                self._read()
            else:
                break
        else:
            return self._has_more()
        if self._is_lost:
            self._leave()
        elif self.peer.parked and self.has_room:
            self.peer.unpark()
        return False

    def flush(self) -> bool:
        """Write what the engine has to say; drop the connection when it has said its last.

        Returns:
            Whether the next deadline may be nearer than the one before.
        """
        if self.is_cut:
            self._break_off()
            return True
        connection = self.connection
        if connection.leftovers:
            self._core.reactor.start(forgetting(connection))
        had_rest = connection.has_rest  # what the client has said meanwhile waits behind it
        if data := connection.data_to_send():
            if self._is_paused:
                self._unread_answer_bytes += len(data)
            self._output.write(data)
        if connection.finished:
            self._output.close()
        elif had_rest and not (self._is_paused and self._must_wait()):
            self._core.reactor.has_input(self)
        elif self.peer.parked and self.has_room:
            self.peer.unpark()
        is_late = self._output.size_bytes > 0  # by a fault, of which each piece has its instant
        return is_late or self._has_new_deadline or self._idle_timeout.has_come_nearer

    def job_done(self) -> None:
        """Act on what came after the request that took so long."""
        self._jobs -= 1
        self._core.reactor.has_input(self)

    def fail(self) -> None:
        """End the connection: a defect of ours must not leave this client waiting."""
        _LOG.exception("gave up the connection of '%s'", self.peer.who)
        self._events.clear()
        self.connection.close(Error(INTERNAL_ERROR, "The broker has failed; see its log."))
        self._core.reactor.has_output(self)
        self._handling.forget_all()

    def next_deadline(self) -> float:
        """When to call `handle_deadline`, on the clock's `elapsed`; infinity for never."""
        self._has_new_deadline = False
        clock = self._core.clock
        expiry = clock.elapsed() + (self.peer.claims.next_expiry - clock.wall())
        deadline = self.connection.next_deadline()
        others = min(expiry, self._proof_due, self._output.next_deadline)
        return others if deadline is None else min(deadline, others)

    def handle_deadline(self) -> None:
        """Keep the connection alive, or end it; detach links whose token has expired."""
        self._output.release()
        self.connection.handle_deadline(self._core.clock.elapsed())
        self._core.reactor.has_input(self)  # the engine may have ended the connection
        if self._probation is not None and self._core.clock.elapsed() >= self._proof_due:
            self._turn_out(self._probation.overdue)
            self.connection.receive_eof()
            self._proof_due = inf
        wall = self._core.clock.wall()
        if self.peer.claims.next_expiry <= wall:
            self.peer.claims.drop_expired(wall)
            if job := self._handling.detach_unauthorized():
                self.hold()
                self._core.reactor.start(job, owner=self)

    # -- For the peer -------------------------------------------------------------------------

    @property
    def has_room(self) -> bool:
        """Whether one more message may be handed out."""
        if self._is_paused or self._is_lost or self.is_cut:
            return False
        return self._outgoing.size_bytes + self._output.size_bytes < MAX_UNSENT_BYTES

    def has_output(self) -> None:
        """Have what the engine says written at the end of the turn."""
        self._core.reactor.has_output(self)

    def cut(self) -> None:
        """Say nothing more, and drop the connection when the turn is kept, as a fault asks for."""
        if not self.is_cut:
            self.is_cut = True
            self._core.clients.leave(self)
            self._last_said = self.connection.data_to_send()
            self._core.reactor.has_output(self)

    def hold(self) -> None:
        """Act on nothing more that the client sends, until `job_done`."""
        self._jobs += 1

    def has_new_claim(self) -> None:
        """Look again at when the first one expires."""
        self._has_new_deadline = True

    def has_proof(self) -> None:
        """Allow what a client that is known may do."""
        self.is_proved, self._probation = True, None
        self._proof_due = inf
        self.connection.limits = ConnectionLimits()

    def _turn_out(self, why: str) -> None:
        """End the connection of a client that has proved nothing; what it has sent is dropped."""
        self._is_turned_out = True
        self._input.clear()
        self._input_bytes = 0
        self.connection.close(Error(Condition.UNAUTHORIZED_ACCESS, why))
        self._core.reactor.has_input(self)
        self._core.reactor.has_output(self)

    # -- For who cuts connections ---------------------------------------------------------------

    @property
    def who(self) -> str:
        """What the client calls itself."""
        return self.peer.who

    def cut_off(self, why: str) -> None:
        """Drop the connection without a word; the fault is told at each entity it is used for."""
        self._output.drop()
        for path in self._handling.paths or [""]:
            self._faults.tell(why, path, self.who)
        self.cut()

    def catch_up(self) -> None:
        """Write what was held back and is not to be any longer."""
        self._output.release()
        self._core.reactor.has_input(self)

    # -- Reading ------------------------------------------------------------------------------

    def _must_wait(self) -> bool:
        """Whether something is to end first: a job, or the client's silence as a reader."""
        if self._jobs:
            return True
        unread = self._outgoing.size_bytes + self._output.size_bytes + self._unread_answer_bytes
        return unread >= MAX_UNREAD_ANSWER_BYTES and not self._is_lost

    def _has_more(self) -> bool:
        """Whether another turn can do more; a job, the client or a deadline would say so itself."""
        waits_for_others = self._is_paused or self._output.size_bytes > 0
        return not self._jobs and not (waits_for_others and self._must_wait())

    def _read(self) -> None:
        """Have the engine read on.

        Hot: runs for each piece that arrives.
        """
        connection, count = self.connection, 0
        if self._is_read_to_the_end and self._input:
            data = self._input.popleft()
            self._input_bytes -= len(data)
            connection.feed(data, now=self._core.clock.elapsed())
            self._is_read_to_the_end = False
        if not self._is_read_to_the_end:
            count = connection.read_frames(_FRAMES_AT_ONCE)
            self._is_read_to_the_end = count < _FRAMES_AT_ONCE
        if count > len(self._events):
            self._budget.left -= (count - len(self._events)) // 2

    def _refuse(self) -> None:
        """Be of no use to a client that comes during an outage."""
        self._faults.tell(OUTAGE_REFUSED)
        self.cut()

    def _break_off(self) -> None:
        """Write what was said before the cut, and nothing after it."""
        self.connection.data_to_send()
        if self._last_said:
            self._output.write(self._last_said)
            self._last_said = b""
        self._output.close()

    # -- The end ------------------------------------------------------------------------------

    def _leave(self) -> None:
        """Everything is done that can be done for this client."""
        self._handling.leave()
        self._core.clients.leave(self)
        self.peer.leave()
        self._core.reactor.forget(self)
