import json
import os
import ssl
import stat
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import certifi
import pytest
import trustme

from sbtutorial.server import certificates as module
from sbtutorial.server.certificates import (
    Certificates,
    default_folder,
    ensure,
    trust,
    variables,
)


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Certificates:
    return ensure(tmp_path_factory.mktemp("made") / "private" / "certificates")


@pytest.fixture
def fresh(tmp_path) -> Certificates:
    return ensure(tmp_path / "fresh")


def handshake(server_pem, client: ssl.SSLContext, host="localhost") -> dict:
    """The server's certificate, as a client that verifies sees it."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(server_pem)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        client.wrap_bio(to_client, to_server, server_hostname=host),
        server.wrap_bio(to_server, to_client, server_side=True),
    )
    for _ in range(3):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return ends[0].getpeercert()


def trusting(*files) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags |= ssl.VERIFY_X509_STRICT  # the default from Python 3.13 on
    for file in files:
        context.load_verify_locations(file)
    return context


def roots(file) -> set[str]:
    """The serial numbers of the authorities in a file."""
    return {one["serialNumber"] for one in trusting(file).get_ca_certs()}


# -- Making ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_certificate_is_good_for_every_name_of_this_computer(made, host):
    assert handshake(made.server_pem, trusting(made.ca_pem), host)


def test_certificate_is_good_for_no_other_name(made):
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(made.server_pem, trusting(made.ca_pem), "example.org")


def test_public_roots_alone_do_not_trust_it(made):
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(made.server_pem, trusting(certifi.where()))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_files_are_private(made):
    assert stat.S_IMODE(made.folder.stat().st_mode) == 0o700
    for file in (made.ca_pem, made.server_pem):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_private_key_of_the_authority_is_nowhere(made):
    server_pem = made.server_pem.read_bytes()
    assert server_pem.count(b"PRIVATE KEY-----") == 2  # begin and end of one
    server_certificate = trusting(made.ca_pem)
    others = [file for file in made.folder.iterdir() if file != made.server_pem]
    assert not any(b"PRIVATE" in file.read_bytes() for file in others)
    # And that one is the server's: it fits the first certificate in its file.
    assert handshake(made.server_pem, server_certificate)["subjectAltName"]


def test_second_start_makes_nothing_and_does_not_import_what_would(made):
    before = made.server_pem.read_bytes()
    code = f"""
        import sys
        from pathlib import Path
        from sbtutorial.server.certificates import ensure
        ensure(Path({str(made.folder)!r}))
        assert not {{"trustme", "cryptography", "filelock"}} & set(sys.modules)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, timeout=60)
    assert made.server_pem.read_bytes() == before


@pytest.mark.parametrize(
    "damage",
    [
        lambda made: made.server_pem.unlink(),
        lambda made: made.ca_pem.unlink(),
        lambda made: made.server_pem.write_bytes(b""),
        lambda made: made.ca_pem.write_bytes(b"\xff nonsense"),
        lambda made: made.server_pem.write_bytes(made.server_pem.read_bytes()[:-60]),
        lambda made: made.ca_pem.write_bytes(trustme.CA().cert_pem.bytes()),
        lambda made: made.ca_pem.write_bytes(made.server_pem.read_bytes()),
    ],
    ids=["no server", "no ca", "empty", "nonsense", "cut", "another ca", "swapped"],
)
def test_what_is_damaged_is_made_anew(fresh, damage):
    damage(fresh)
    again = ensure(fresh.folder)
    assert again == fresh
    assert handshake(again.server_pem, trusting(again.ca_pem))


def test_certificate_near_its_end_is_renewed_and_the_old_one_stays_trusted(fresh, monkeypatch):
    running_broker = fresh.server_pem.read_bytes()
    monkeypatch.setattr(module, "time", clock_in(days=360))
    assert ensure(fresh.folder).server_pem.read_bytes() == running_broker
    monkeypatch.setattr(module, "time", clock_in(days=370))
    ensure(fresh.folder)
    assert fresh.server_pem.read_bytes() != running_broker
    old = fresh.folder / "old.pem"
    old.write_bytes(running_broker)
    for server_pem in (fresh.server_pem, old):
        assert handshake(server_pem, trusting(fresh.ca_pem))
    monkeypatch.setattr(module, "time", clock_in(days=740))
    ensure(fresh.folder)
    assert fresh.ca_pem.read_bytes().count(b"BEGIN") == 2  # never more than one before


def clock_in(*, days: float) -> SimpleNamespace:
    """For one module: other threads go on by the clock that all have."""
    return SimpleNamespace(time=lambda: time.time() + days * 86_400)


def test_certificates_live_with_the_run_time_files(tmp_path, monkeypatch):
    monkeypatch.setenv("SBTUTORIAL_HOME", str(tmp_path / "home"))
    assert default_folder() == tmp_path / "home" / "certificates"


def test_many_at_once_agree_on_one_certificate(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: ensure(tmp_path / "new"), range(8)))
    assert len(set(results)) == 1
    assert results[0].ca_pem.read_bytes().count(b"BEGIN") == 1  # made once
    assert handshake(results[0].server_pem, trusting(results[0].ca_pem))
    assert {file.name for file in (tmp_path / "new").iterdir()} <= {
        "ca.pem",
        "server.pem",
        "certificates.lock",
    }


# -- Trusting -------------------------------------------------------------------------------------


@pytest.fixture
def no_system(monkeypatch):
    """A system without certificates of its own, so that counts are exact."""
    nothing = ssl.get_default_verify_paths()._replace(openssl_cafile="/nowhere/cert.pem")
    monkeypatch.setattr(module.ssl, "get_default_verify_paths", lambda: nothing)


def corporate(path):
    path.write_bytes(b"# our company\n" + trustme.CA().cert_pem.bytes())
    return path


def test_both_variables_name_a_bundle_of_the_public_roots_and_ours(made, no_system):
    environ = {}
    bundle = trust(made, environ).bundle
    assert environ == {"REQUESTS_CA_BUNDLE": str(bundle), "SSL_CERT_FILE": str(bundle)}
    assert roots(bundle) == roots(certifi.where()) | roots(made.ca_pem)
    assert handshake(made.server_pem, trusting(bundle))
    assert b"PRIVATE" not in bundle.read_bytes()


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE"])
def test_what_the_user_trusted_before_stays_trusted(made, no_system, tmp_path, name):
    company = corporate(tmp_path / "company.pem")
    bundle = trust(made, {name: str(company)}).bundle
    assert roots(bundle) == roots(certifi.where()) | roots(made.ca_pem) | roots(company)


def test_folder_of_certificates_is_read_like_a_file(made, no_system, tmp_path):
    company = corporate(tmp_path / "1234abcd.0")
    (tmp_path / "README").write_text("no certificate")
    bundle = trust(made, {"REQUESTS_CA_BUNDLE": str(tmp_path)}).bundle
    assert roots(bundle) >= roots(company) | roots(made.ca_pem)


def test_the_systems_own_file_is_in_the_bundle(made, monkeypatch, tmp_path):
    company = corporate(tmp_path / "cert.pem")
    paths = ssl.get_default_verify_paths()._replace(openssl_cafile=str(company))
    monkeypatch.setattr(module.ssl, "get_default_verify_paths", lambda: paths)
    assert roots(trust(made, {}).bundle) >= roots(company)


def test_file_that_cannot_be_loaded_does_not_spoil_the_rest(made, no_system, tmp_path):
    bad = tmp_path / "bad.pem"
    bad.write_text("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
    for value in (str(bad), str(tmp_path / "missing.pem")):
        bundle = trust(made, {"SSL_CERT_FILE": value}).bundle
        assert roots(bundle) == roots(certifi.where()) | roots(made.ca_pem)


def test_doing_it_again_changes_nothing(made, tmp_path):
    environ = {"REQUESTS_CA_BUNDLE": str(corporate(tmp_path / "company.pem"))}
    bundle = trust(made, environ).bundle
    before = bundle.stat().st_mtime_ns, dict(environ)
    assert trust(made, environ).bundle == bundle
    assert (bundle.stat().st_mtime_ns, environ) == before


def test_child_processes_keep_what_their_parent_trusted(made, no_system, tmp_path):
    company = corporate(tmp_path / "company.pem")
    parent = {"SSL_CERT_FILE": str(company)}
    bundle = trust(made, parent).bundle
    child = dict(parent)
    assert trust(made, child).bundle == bundle
    company.write_bytes(company.read_bytes() + trustme.CA().cert_pem.bytes())
    assert roots(trust(made, child).bundle) >= roots(company)
    assert len(roots(company)) == 2


def test_two_brokers_can_be_trusted_at_once(made, fresh, no_system):
    environ = {}
    trust(made, environ)
    bundle = trust(fresh, environ).bundle
    for one in (made, fresh):
        assert handshake(one.server_pem, trusting(bundle))


def test_bundle_is_built_again_when_the_public_roots_or_the_certificate_change(
    fresh, no_system, monkeypatch, tmp_path
):
    public = corporate(tmp_path / "public.pem")
    monkeypatch.setattr(certifi, "where", lambda: str(public))
    environ = {}
    bundle = trust(fresh, environ).bundle
    corporate(public)
    os.utime(public, ns=(1, 1))
    assert trust(fresh, environ).bundle == bundle
    assert roots(bundle) == roots(public) | roots(fresh.ca_pem)
    fresh.server_pem.unlink()
    trust(ensure(fresh.folder), environ)
    assert roots(bundle) == roots(public) | roots(fresh.ca_pem)


def test_damaged_first_line_has_the_bundle_built_again(fresh, no_system):
    environ = {}
    bundle = trust(fresh, environ).bundle
    whole = bundle.read_bytes()
    bundle.write_bytes(b"# Made by sbtutorial from: [nonsense\n")
    assert trust(fresh, environ).bundle == bundle
    assert bundle.read_bytes() == whole


# -- The real clients, each in a process of its own ------------------------------------------------

CLIENT = """
    import asyncio, json, os, ssl, sys, threading, warnings
    from pathlib import Path

    def start_server(server_pem):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(server_pem)
        ready, port = threading.Event(), []

        async def answer(reader, writer):
            await reader.readuntil(b"\\r\\n\\r\\n")
            body = b'<feed xmlns="http://www.w3.org/2005/Atom"></feed>'
            writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Type: application/xml\\r\\n"
                         b"Content-Length: %d\\r\\n\\r\\n" % len(body) + body)

        async def serve():
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda *_: None)  # clients that do not trust us
            server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
            port.append(server.sockets[0].getsockname()[1])
            ready.set()
            await server.serve_forever()

        threading.Thread(target=lambda: asyncio.run(serve()), daemon=True).start()
        ready.wait(10)
        return ("Endpoint=sb://127.0.0.1:%d;SharedAccessKeyName=k;SharedAccessKey=v" % port[0])

    def outcome(call):
        from azure.core.exceptions import ResourceNotFoundError
        try:
            call()
        except ResourceNotFoundError:
            return "trusted"
        except Exception as error:
            return "refused" if "CERTIFICATE_VERIFY_FAILED" in str(error) else repr(error)

    def sync_outcome(text):
        from azure.servicebus.management import ServiceBusAdministrationClient
        client = ServiceBusAdministrationClient.from_connection_string(text, retry_total=0)
        return outcome(lambda: client.get_queue("q"))

    def aio_outcome(text, **options):
        from azure.servicebus.aio.management import ServiceBusAdministrationClient
        async def call():
            async with ServiceBusAdministrationClient.from_connection_string(
                    text, retry_total=0, **options) as client:
                await client.get_queue("q")
        return outcome(lambda: asyncio.run(call()))

    from sbtutorial.server.certificates import ensure, trust
    made = ensure(Path(sys.argv[1]))
    text = start_server(made.server_pem)
"""


def run_client(made, body: str, **variables: str) -> dict:
    inherited = {k: v for k, v in os.environ.items() if "CA_BUNDLE" not in k and "SSL_" not in k}
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(CLIENT) + textwrap.dedent(body), str(made.folder)],
        env={**inherited, **variables},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.sdk
def test_clients_trust_the_broker_after_trust_and_not_before(made):
    outcomes = run_client(
        made,
        """
        before = sync_outcome(text)
        late = trust(made).is_late_for_aiohttp
        import certifi
        public = ssl.create_default_context(cafile=certifi.where()).get_ca_certs()
        default = ssl.create_default_context().get_ca_certs()
        print(json.dumps({
            "before": before, "late": late, "sync": sync_outcome(text), "aio": aio_outcome(text),
            "missing": len([one for one in public if one not in default]),
            "public": len(public), "more": len(default) - len(public),
        }))
        """,
    )
    assert outcomes.pop("public") > 100
    assert outcomes.pop("more") > 0
    assert outcomes == {
        "before": "refused",
        "late": False,
        "sync": "trusted",
        "aio": "trusted",
        "missing": 0,
    }


@pytest.mark.sdk
def test_aiohttp_that_was_imported_before_is_given_the_authority(made):
    outcomes = run_client(
        made,
        """
        import azure.servicebus.aio  # does not import aiohttp
        early = "aiohttp" in sys.modules
        import azure.servicebus.aio.management  # does
        before = aio_outcome(text)
        first = trust(made)
        print(json.dumps({
            "early": early, "before": before, "late": first.is_late_for_aiohttp,
            "sync": sync_outcome(text), "aio": aio_outcome(text),
        }))
        """,
    )
    assert outcomes == {
        "early": False,
        "before": "refused",
        "late": False,
        "sync": "trusted",
        "aio": "trusted",
    }


@pytest.mark.sdk
def test_where_contexts_of_aiohttp_are_not_found_trust_says_that_it_is_late(made):
    outcomes = run_client(
        made,
        """
        import azure.servicebus.aio.management
        import aiohttp.connector
        import types
        elsewhere = types.ModuleType("aiohttp.connector")
        sys.modules["aiohttp.connector"] = elsewhere  # as in a release that keeps them elsewhere
        first = trust(made)
        sys.modules["aiohttp.connector"] = aiohttp.connector
        print(json.dumps({
            "late": first.is_late_for_aiohttp, "aio": aio_outcome(text),
            "told": aio_outcome(text, connection_verify=str(first.bundle)),
        }))
        """,
    )
    assert outcomes == {"late": True, "aio": "refused", "told": "trusted"}


def test_the_variables_for_other_programs_name_files_that_are_there(made, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    found = variables(made)
    assert set(found) == {"REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"}
    assert found["NODE_EXTRA_CA_CERTS"] == str(made.ca_pem)
    for path in found.values():
        assert ssl.create_default_context(cafile=path).get_ca_certs()
    assert "SSL_CERT_FILE" not in os.environ


@pytest.mark.sdk
def test_process_that_starts_with_the_variables_may_import_in_any_order(made):
    environ = {}
    trust(made, environ)
    outcomes = run_client(
        made,
        """
        import azure.servicebus.aio.management
        print(json.dumps({
            "late": trust(made).is_late_for_aiohttp, "aio": aio_outcome(text),
            "sync": sync_outcome(text),
        }))
        """,
        **environ,
    )
    assert outcomes == {"late": False, "aio": "trusted", "sync": "trusted"}
