"""Files that are damaged as disks and people damage them; a table of what comes of it.

`python -m tests.store.sqlite.damaging --files 700` prints it.
"""

import argparse
import struct
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from sbtutorial.amqp.messaging import DATA, Properties, encode_section
from sbtutorial.errors import TutorialError
from sbtutorial.store.restore import Contradiction, restore
from tests.store.describing import describe
from tests.store.sqlite.filing import FilingActor, opened
from tests.store.wiring import WireActor, read

PAGE = 4096
_SECTOR = 512
_BODIES = (10, 200, 1000, 1000, 6000)
REFUSED, LATER, THE_SAME = "refused at the start", "found when read later", "no difference"
CHANGED, LOST = "changed silently", "lost silently"
Damage = Callable[[bytearray, Random], None]


def _zeroed_page(data: bytearray, random: Random) -> None:
    at = random.randrange(len(data) // PAGE) * PAGE
    data[at : at + PAGE] = bytes(PAGE)


def _zeroed_sector(data: bytearray, random: Random) -> None:
    at = random.randrange(len(data) // _SECTOR) * _SECTOR
    data[at : at + _SECTOR] = bytes(_SECTOR)


def _random_page(data: bytearray, random: Random) -> None:
    at = random.randrange(len(data) // PAGE) * PAGE
    data[at : at + PAGE] = random.randbytes(PAGE)


def _flipped_bit(data: bytearray, random: Random) -> None:
    data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def _cut(data: bytearray, random: Random) -> None:
    del data[random.randrange(1, len(data)) :]


def _swapped_pages(data: bytearray, random: Random) -> None:
    one, other = (page * PAGE for page in random.sample(range(len(data) // PAGE), 2))
    kept = data[one : one + PAGE]
    data[one : one + PAGE] = data[other : other + PAGE]
    data[other : other + PAGE] = kept


def _doubled_page(data: bytearray, random: Random) -> None:
    one, other = (page * PAGE for page in random.sample(range(len(data) // PAGE), 2))
    data[one : one + PAGE] = data[other : other + PAGE]


DAMAGES: dict[str, Damage] = {
    "zeroed page": _zeroed_page,
    "zeroed sector": _zeroed_sector,
    "random page": _random_page,
    "flipped bit": _flipped_bit,
    "cut": _cut,
    "swapped pages": _swapped_pages,
    "doubled page": _doubled_page,
}
# Every entity's description is in lines of its own, every message in one.
_MESSAGE = "    sequence_number="


def make(path: Path, message_count: int = 700) -> None:
    """A file with all kinds of entities, and messages of one page and of several."""
    actor = FilingActor(path)
    actor.make_everything()
    actor.fill()
    random = Random(5)
    for number in range(message_count):
        body = random.randbytes(random.choice(_BODIES))
        payload = Properties(message_id=f"m{number}").encode() + encode_section(DATA, body)
        entity = actor.namespace.directory.entity(random.choice(("plain", "morgue", "brief")))
        entity.ingress.send([read(payload)], now=actor.now)
    actor.commit()
    actor.file.close()


def found_in(path: Path) -> list[str]:
    """What a broker that opens the file has.

    Raises:
        TutorialError, Contradiction: It is damaged.
    """
    file = opened(path)
    try:
        actor = WireActor()
        restore(file.load(), actor.namespace)
        actor.namespace.run_due(actor.now)
        return describe(actor.namespace)
    finally:
        file.close()


def outcome(path: Path, expected: Sequence[str]) -> str:
    """What comes of opening a damaged file, and of reading all of it.

    Raises:
        AssertionError: It was refused, and is not as it was.
    """
    before = path.read_bytes()
    try:
        found = found_in(path)
    except (TutorialError, Contradiction) as error:
        assert path.read_bytes() == before, "what is refused stays as it is"
        return LATER if _is_from_fetching(error) else REFUSED
    except (ValueError, struct.error):
        return LATER  # a receiver's message is set aside then, and the log says so
    if found == expected:
        return THE_SAME
    is_shorter = len(found) < len(expected) or _messages(found) < _messages(expected)
    return LOST if is_shorter else CHANGED


def _is_from_fetching(error: Exception) -> bool:
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_name == "_fetch":
            return True
        trace = trace.tb_next
    return False


def _messages(lines: Sequence[str]) -> int:
    return sum(line.startswith(_MESSAGE) for line in lines)


def table(folder: Path, files: int, seed: int) -> dict[str, Counter[str]]:
    """Damage so many files, in turns by each way; what came of each, by the way."""
    base, broken = folder / "base.db", folder / "broken.db"
    make(base)
    expected, data, random = found_in(base), base.read_bytes(), Random(seed)
    found: dict[str, Counter[str]] = {name: Counter() for name in DAMAGES}
    for number in range(files):
        name, damage = list(DAMAGES.items())[number % len(DAMAGES)]
        damaged = bytearray(data)
        damage(damaged, random)
        for end in ("-wal", "-shm"):
            Path(f"{broken}{end}").unlink(missing_ok=True)
        broken.write_bytes(damaged)
        found[name][outcome(broken, expected)] += 1
    return found


def main() -> int:
    """Returns 1 if anything was lost silently."""
    parser = argparse.ArgumentParser("tests.store.sqlite.damaging", description=__doc__)
    parser.add_argument("--files", type=int, default=700)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = table(Path(folder), given.files, given.seed)
    outcomes = (REFUSED, THE_SAME, LATER, CHANGED, LOST)
    print(f"{'':14}", *(f"{name:>22}" for name in outcomes))
    for name, counts in found.items():
        print(f"{name:14}", *(f"{counts[one]:22}" for one in outcomes))
    lost = sum(counts[LOST] for counts in found.values())
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
