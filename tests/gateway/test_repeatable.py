"""The same seed gives the same bytes, whatever process it runs in, and without an event loop."""

import os
import subprocess
import sys


def digest(seed: int, hash_seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-m", "tests.gateway.scenario", str(seed)]
    answer = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_one_seed_gives_the_same_bytes_in_every_process() -> None:
    assert len({digest(1, hash_seed) for hash_seed in ("0", "1", "4711")}) == 1


def test_another_seed_gives_other_ids() -> None:
    assert digest(1, "0") != digest(2, "0")
