"""Locks on files that the system ends with the process that holds them, however that ends.

One byte is locked, and on Windows nobody else can read that one: keep what is to be read elsewhere.
Standard library only.
"""

import os
import sys

if sys.platform == "win32":
    import msvcrt

    def try_lock(descriptor: int, *, at: int = 0, wait: bool = False) -> bool:
        """Lock the byte `at`; False if another process has it locked.

        Args:
            descriptor: The file, open for writing.
            at: Which byte; it need not exist.
            wait: Whether to wait for its end; False may come of that too: ask again.

        Raises:
            OSError: The file system knows no locks.
        """
        os.lseek(descriptor, at, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        except PermissionError:  # EACCES is what the C library says of a byte that is locked
            return False
        except OSError as error:
            if error.errno == 36:  # EDEADLOCK: LK_LOCK has waited for ten seconds
                return False
            raise
        return True

else:
    import fcntl

    def try_lock(descriptor: int, *, at: int = 0, wait: bool = False) -> bool:
        """Lock a file; False if another process has it locked.

        Args:
            descriptor: The file, open.
            at: Which byte, where bytes are locked; here the whole file is.
            wait: Whether to wait for its end.

        Raises:
            OSError: The file system knows no locks.
        """
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True
