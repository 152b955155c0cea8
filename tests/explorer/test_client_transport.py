"""What an administration client of ours trusts: the bundle that is named, as it is now."""

from pathlib import Path

import pytest
from azure.core.exceptions import ServiceRequestError

from sbtutorial.explorer.links import open_admin
from sbtutorial.hosting import client_transport
from sbtutorial.hosting.client_transport import _context
from sbtutorial.lab.lab import Lab
from sbtutorial.server.certificates import default_folder, ensure


@pytest.fixture
def bundle(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one that is named, with an authority that nobody here has a certificate of."""
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(ensure(tmp_path / "another").ca_pem.read_bytes())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    return bundle


def queues(lab: Lab) -> list[str]:
    with open_admin(lab.connection_string, retry_total=0) as admin:
        return [queue.name for queue in admin.list_queues()]


def test_a_broker_of_another_authority_is_refused_until_the_bundle_has_that_too(
    lab: Lab, bundle: Path
) -> None:
    for _ in range(2):
        with pytest.raises(ServiceRequestError, match="CERTIFICATE_VERIFY_FAILED"):
            queues(lab)
    ours = ensure(default_folder()).ca_pem.read_bytes()
    bundle.write_bytes(bundle.read_bytes() + ours)
    assert queues(lab) == []
    bundle.write_bytes(ours)
    assert queues(lab) == []


def test_a_bundle_is_read_once_for_all_clients(lab: Lab, bundle: Path) -> None:
    bundle.write_bytes(ensure(default_folder()).ca_pem.read_bytes())
    before = _context.cache_info().misses
    assert [queues(lab) for _ in range(3)] == [[]] * 3
    assert _context.cache_info().misses == before + 1


def test_a_bundle_that_is_not_there_is_named(lab: Lab, bundle: Path) -> None:
    bundle.unlink()
    with pytest.raises(OSError, match=r"bundle\.pem"):
        queues(lab)


def test_with_an_older_requests_clients_trust_the_same(
    lab: Lab, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle.write_bytes(ensure(default_folder()).ca_pem.read_bytes())
    before = _context.cache_info().misses
    monkeypatch.setattr(client_transport, "HTTPAdapter", object)  # has no such method
    assert queues(lab) == []
    assert _context.cache_info().misses == before
