"""Whether a file's log (`-wal`) can be read to its end.

Where its log is damaged, SQLite takes what is before that for all there is, without a word:
whatever was committed later is gone, and the log with it. So who opens a file looks first.

A process that is killed leaves at most the frame that it was writing half written. Whole commits
behind one that SQLite does not take are damage.
Source: SQLite, "WAL-mode file format".
"""

import sqlite3
import struct
import sys
from pathlib import Path
from typing import BinaryIO

_HEADER = struct.Struct(">8I")  # magic, version, page size, number, two salts, two checksums
_FRAME = struct.Struct(">4I")  # page, size of the database after a commit or 0, two salts
_FRAME_HEADER_BYTES = 24
_MAGIC = {0x377F0682: "<", 0x377F0683: ">"}
_LAST_FRAME_AT = 16  # in the index, which has the machine's own order of bytes
_BROKEN = (
    "its log (-wal) is broken before its end, so what was accepted last cannot be read. (To go on "
    "with what is before that, move the -wal and the -shm away, and nothing else)"
)
_AWAY = (
    "its log (-wal), which has what was accepted last, was taken away, and only the index of that "
    "(-shm) is there. (Put the log back; to go on with what is in the file, move the -shm away, "
    "and nothing else)"
)


def check_log(path: Path) -> None:
    """Refuse a log with commits that SQLite would leave out. It is as it was.

    Who closes a file removes the index first, then the log; so an index alone is what is left
    where somebody has taken the log away.

    Raises:
        sqlite3.DatabaseError: The log is damaged, or not there.
    """
    log = path.with_name(path.name + "-wal")
    if not log.exists() and path.with_name(path.name + "-shm").exists():
        raise sqlite3.DatabaseError(_AWAY)
    if not log.exists() or log.stat().st_size <= _HEADER.size:
        return
    with log.open("rb") as file:
        header = file.read(_HEADER.size)
        if not _is_whole(header):
            raise sqlite3.DatabaseError(_BROKEN)
        commits = _commits(file, header)
    # The last one may be half written: whoever wrote it was killed.
    if len(commits) > 1 and commits[-2] > _last_frame(path):
        raise sqlite3.DatabaseError(_BROKEN)


def _is_whole(header: bytes) -> bool:
    magic, *_, first, second = _HEADER.unpack(header)
    if magic not in _MAGIC:
        return False
    one = other = 0
    words = struct.unpack(_MAGIC[magic] + "6I", header[:24])
    for x, y in zip(words[::2], words[1::2], strict=True):
        one = (one + x + other) & 0xFFFFFFFF
        other = (other + y + one) & 0xFFFFFFFF
    return (one, other) == (first, second)


def _commits(file: BinaryIO, header: bytes) -> list[int]:
    """The numbers of the frames that end a commit; those of older logs have other salts."""
    _, _, page_size, _, *salts, _, _ = _HEADER.unpack(header)
    found, number = [], 0
    while len(frame := file.read(_FRAME.size)) == _FRAME.size:
        number += 1
        _, size, *its_salts = _FRAME.unpack(frame)
        if size and its_salts == salts:
            found.append(number)
        file.seek(_FRAME_HEADER_BYTES - _FRAME.size + page_size, 1)
    return found


def _last_frame(path: Path) -> int:
    """How far SQLite reads the log. A connection that only reads leaves the log where it is."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        connection.execute("PRAGMA user_version").fetchall()
        connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
        index = path.with_name(path.name + "-shm").read_bytes()
    except (sqlite3.OperationalError, OSError):
        return sys.maxsize  # who cannot look at it will say so when the file is opened
    finally:
        connection.close()
    return int(struct.unpack_from("=I", index, _LAST_FRAME_AT)[0])
