import subprocess
import sys
from pathlib import Path

import pytest

from sbtutorial.connection_string import connection_string
from sbtutorial.errors import TutorialError
from sbtutorial.lab.connecting import connect
from sbtutorial.lab.lab import Lab
from sbtutorial.lab.offline import OfflineService
from sbtutorial.setup import sdk
from tests.test_packaging import EXTRAS, PROJECT

CLONE = Path(__file__).parents[2]
SENTENCE = r"azure-servicebus, is not installed .* pip install \"sbtutorial\[lab\]\""
LAB = Lab(OfflineService(connection_string("127.0.0.1", 1, "name", "key"), "nobody"))


@pytest.mark.parametrize("spec", [None, ModuleNotFoundError("azure")], ids=["azure", "nothing"])
def test_whoever_needs_the_sdk_says_so_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, spec: Exception | None
) -> None:
    def find_spec(_: str) -> None:
        if spec is not None:
            raise spec

    monkeypatch.setattr(sdk, "find_spec", find_spec)
    monkeypatch.delitem(sys.modules, "azure.servicebus", raising=False)
    for use in (connect, LAB.explorer, lambda: LAB.fresh_queue("orders")):
        with pytest.raises(TutorialError, match=SENTENCE):
            use()


def test_it_is_not_imported_to_find_out() -> None:
    code = "import sys; from sbtutorial.setup.sdk import require_sdk; require_sdk();"
    done = subprocess.run(
        [sys.executable, "-c", code + "print('azure.servicebus' in sys.modules)"],
        cwd=CLONE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    assert done.stdout == "False\n"


def test_the_broker_goes_beside_any_release_of_the_sdk() -> None:
    """With a requirement of ours, pip would refuse it to a program that is pinned to another."""
    from_azure = [line for line in PROJECT["dependencies"] if line.startswith(("azure", "aiohttp"))]
    assert from_azure == []
    assert [line for line in EXTRAS["lab"] if line.startswith("azure-servicebus>=7.15")]
