"""The inputs that are kept, each in a file of its own: `corpus/<target>/<digest>.bin`."""

import hashlib
from pathlib import Path

ROOT = Path(__file__).parent / "corpus"


def inputs(target: str) -> list[bytes]:
    """Those of a target, always in the same order."""
    return [path.read_bytes() for path in sorted((ROOT / target).glob("*.bin"))]


def keep(target: str, data: bytes, name: str = "") -> Path:
    """Keep one; returns its file."""
    digest = hashlib.sha256(data).hexdigest()[:12]
    path = ROOT / target / f"{name or digest}.bin"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
