import os
import shutil
from pathlib import Path

import pytest

from sbtutorial.hosting.client_settings import keep_proxies_out, prepare_clients
from sbtutorial.server import certificates

PROXY = "http://proxy.example:3128"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SBTUTORIAL_HOME", str(tmp_path / "home"))
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, "")
    return tmp_path / "home"


def test_clients_trust_the_certificate_and_it_is_looked_at_once(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert prepare_clients()
    assert Path(os.environ["SSL_CERT_FILE"]).parent == home / "certificates"
    os.environ["SSL_CERT_FILE"] = ""
    monkeypatch.setattr(certificates, "ensure", lambda _: pytest.fail("looked at again"))
    assert prepare_clients()
    assert os.environ["SSL_CERT_FILE"]


def test_one_that_is_gone_is_made_again(home: Path) -> None:
    prepare_clients()
    shutil.rmtree(home / "certificates")
    prepare_clients()
    assert Path(os.environ["SSL_CERT_FILE"]).exists()
    assert (home / "certificates" / "server.pem").exists()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {}),
        ({"HTTPS_PROXY": ""}, {"HTTPS_PROXY": ""}),
        (
            {"https_proxy": PROXY, "NO_PROXY": "intranet"},
            {
                "https_proxy": PROXY,
                "NO_PROXY": "intranet,127.0.0.1,localhost",
                "no_proxy": "intranet,127.0.0.1,localhost",
            },
        ),
        (
            {"HTTP_PROXY": PROXY, "no_proxy": "localhost,127.0.0.1"},
            {"HTTP_PROXY": PROXY, "no_proxy": "localhost,127.0.0.1"},
        ),
        ({"all_proxy": PROXY, "no_proxy": "*"}, {"all_proxy": PROXY, "no_proxy": "*"}),
    ],
)
def test_no_proxy_is_asked_for_this_computer(before: dict[str, str], after: dict[str, str]) -> None:
    environ = dict(before)
    keep_proxies_out(environ)
    assert environ == after
