"""One target, guided by coverage: `python -m tests.fuzz.guided TARGET SECONDS SEED`.

libFuzzer never comes back, so each target has a process. What it finds on the way that reaches new
code is kept in a folder of its own, below the user's temporary files, for the next run.
"""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["sbtutorial"]):
    from tests.fuzz.targets import TARGETS

from tests.fuzz.corpus import ROOT


def main(name: str, seconds: str, seed: str) -> None:
    """Run until the time is over or a defect is found, whose input is put into the corpus."""
    reached = Path(tempfile.gettempdir()) / "sbtutorial-fuzz" / name
    kept = ROOT / name
    for folder in (reached, kept):
        folder.mkdir(parents=True, exist_ok=True)
    words = reached.parent / f"{name}.dict"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in TARGETS[name].words if word))
    atheris.Setup(
        [
            *(sys.argv[0], str(reached), str(kept), f"-max_total_time={seconds}", f"-seed={seed}"),
            *("-max_len=2048", "-timeout=20", "-rss_limit_mb=1500", f"-dict={words}"),
            *(f"-artifact_prefix={kept}/found-", "-print_final_stats=1", "-verbosity=1"),
        ],
        TARGETS[name].run,
    )
    atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    main(*sys.argv[1:4])
