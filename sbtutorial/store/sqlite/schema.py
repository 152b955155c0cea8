"""The tables of a namespace's file, and how a file of an older format becomes one of this.

A message has two rows: `contents` has what its sender sent, which is written once and never again;
`messages` has all the rest, which is little, and which every change of its state writes anew. Both
are keyed by the entity's number and, within it, the message's own, so what an entity holds is one
range of keys: it is gone when its row in `entities` is, and its messages are removed bit by bit.
A message that is gone says so in its state, which is one page to write and not two; its rows are
removed later, many at a time.

`ord` is the place of a row among all changes that ever were. What is due at one instant happens in
the order in which it was set, so rows are read back in that order.
"""

from collections.abc import Callable
from sqlite3 import Connection

FORMAT = 3
# In the header of the file, so that it is known for what it is: "sbtu".
APPLICATION_ID = 0x73627475

# A key has the entity's number above, the message's below.
NUMBER_BITS = 40
NUMBER_MASK = (1 << NUMBER_BITS) - 1

TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE entities (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL,
    created_at REAL NOT NULL,
    created_ord INTEGER NOT NULL,
    updated_at REAL,
    updated_ord INTEGER,
    record BLOB NOT NULL,   -- the change that it was created or updated with last
    idle_at REAL,           -- when it was seen to be in use, and is looked at again
    idle_until REAL,
    idle_ord INTEGER,
    rule_added_at REAL
);
CREATE TABLE marks (entity INTEGER PRIMARY KEY, last_number INTEGER NOT NULL, accessed_at REAL);
CREATE TABLE rules (
    entity INTEGER NOT NULL,
    name,
    created_at REAL NOT NULL,
    ord INTEGER NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (entity, name)
) WITHOUT ROWID;
CREATE TABLE contents (id INTEGER PRIMARY KEY, content BLOB NOT NULL);
CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    ord INTEGER NOT NULL,
    content INTEGER NOT NULL,  -- the id that it came with
    message_id,
    session_id,
    partition_key,
    time_to_live REAL,
    scheduled_at REAL,
    source,
    origin INTEGER,
    hops INTEGER NOT NULL,
    subqueue INTEGER NOT NULL,
    state INTEGER NOT NULL,
    delivery_count INTEGER NOT NULL,
    enqueued_at REAL NOT NULL,
    expires_at REAL,
    lock_token BLOB,
    locked_until REAL,
    locked_by,
    lock_ord INTEGER,
    properties BLOB,
    size_bytes INTEGER NOT NULL,
    header_bytes INTEGER NOT NULL
);
CREATE TABLE sessions (
    entity INTEGER NOT NULL,
    id,
    holder,
    locked_until REAL,
    lock_ord INTEGER,
    renew_ord INTEGER,
    state BLOB,
    state_at REAL,
    PRIMARY KEY (entity, id)
) WITHOUT ROWID;
CREATE TABLE duplicates (
    id INTEGER PRIMARY KEY, message_id, partition_key, accepted_at REAL NOT NULL
);
-- A topic in the middle of handing out a message, and how many copies each subscription has had.
CREATE TABLE hand_outs (
    topic INTEGER PRIMARY KEY, number INTEGER NOT NULL, at REAL NOT NULL, ord INTEGER NOT NULL
);
CREATE TABLE copies (
    topic INTEGER NOT NULL, subscription INTEGER NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (topic, subscription)
) WITHOUT ROWID;
-- Subqueues that may forward, in the order in which they had to wait last.
CREATE TABLE forwards (path PRIMARY KEY, ord INTEGER NOT NULL) WITHOUT ROWID;
-- Entities that are gone, while rows of theirs are left.
CREATE TABLE gone (entity INTEGER PRIMARY KEY);
"""

# From a format to the next one; each is run in one transaction with all that follow.
MIGRATIONS: dict[int, Callable[[Connection], None]] = {
    1: lambda connection: None,  # in 2 messages that are gone may have rows; it has none of them
    2: lambda connection: None,  # in 3 there may be a log of turns; it has none
}


def create(connection: Connection) -> None:
    """Make the tables in an empty file."""
    for statement in TABLES.split(";"):
        if statement.strip():
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {FORMAT}")


def migrate(connection: Connection, found: int) -> None:
    """Bring the tables from an older format to this one."""
    for number in range(found, FORMAT):
        MIGRATIONS[number](connection)
    connection.execute(f"PRAGMA user_version = {FORMAT}")
