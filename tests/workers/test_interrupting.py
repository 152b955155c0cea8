"""What is raised in another thread ends it, and leaves nothing behind."""

import sys
from subprocess import run
from threading import Event, Thread

from sbtutorial.workers.interrupting import raise_in

# In a process of its own: what goes wrong here stands still for ever.
LEFT_A_NOTE = """
import sys
from threading import Event, Thread
from sbtutorial.workers.interrupting import forget, raise_in

sleeper = Thread(target=Event().wait, daemon=True)
sleeper.start()
raise_in(sleeper, SystemExit)
forget()

def traced():
    return sum(number for number in range(10))

sys.settrace(lambda frame, event, argument: None)
print(traced())
"""


def test_a_loop_without_an_end_is_ended() -> None:
    begun, ended = Event(), Event()

    def loop() -> None:
        try:
            while True:
                begun.set()
        finally:
            ended.set()

    thread = Thread(target=loop, daemon=True)
    thread.start()
    assert begun.wait(20)
    raise_in(thread, SystemExit)
    assert ended.wait(20)


def test_code_can_be_traced_when_a_thread_has_not_noticed() -> None:
    done = run([sys.executable, "-c", LEFT_A_NOTE], capture_output=True, text=True, timeout=60)
    assert done.stdout == "45\n", done.stderr
