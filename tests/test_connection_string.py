import pytest
from azure.servicebus import ServiceBusConnectionStringProperties
from azure.servicebus import parse_connection_string as sdk

from sbtutorial.connection_string import (
    ConnectionStringError,
    connection_string,
    parse_connection_string,
)

AZURE = "Endpoint=sb://ns.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=a+b/c=="


def test_our_own_string_is_understood_by_the_sdk_and_by_us():
    text = connection_string("127.0.0.1", 5672, "Root", "k+/==")
    theirs: ServiceBusConnectionStringProperties = sdk(text)
    ours = parse_connection_string(text)
    assert theirs.fully_qualified_namespace == "127.0.0.1:5672"
    assert (theirs.shared_access_key_name, theirs.shared_access_key) == ("Root", "k+/==")
    assert (ours.host, ours.port, ours.key_name, ours.key) == ("127.0.0.1", 5672, "Root", "k+/==")
    assert ours.is_emulator
    assert ours.text == text.rstrip(";")


def test_ipv6_addresses_wear_brackets():
    text = connection_string("::1", 5672, "Root", "k")
    assert "sb://[::1]:5672;" in text
    parsed = parse_connection_string(text)
    assert (parsed.host, parsed.port) == ("::1", 5672)


def test_azures_string_has_no_port_and_is_no_emulator():
    parsed = parse_connection_string(AZURE)
    assert (parsed.host, parsed.port, parsed.is_emulator) == (
        "ns.servicebus.windows.net",
        None,
        False,
    )
    assert (parsed.key_name, parsed.key, parsed.entity_path) == ("Root", "a+b/c==", None)


@pytest.mark.parametrize(
    "pasted",
    [
        f"  {AZURE}\n",
        f'"{AZURE}"',
        f"'{AZURE}'",
        f"“{AZURE}”",
        f"` {AZURE} `",
        f"SBTUTORIAL_CONNECTION_STRING={AZURE}",
        f"export SBTUTORIAL_CONNECTION_STRING='{AZURE}'",
        f'$env:SBTUTORIAL_CONNECTION_STRING = "{AZURE}"',
        AZURE.replace(";SharedAccessKeyName", ";\n    SharedAccessKeyName"),
    ],
)
def test_what_was_pasted_around_it_is_taken_off(pasted):
    assert parse_connection_string(pasted) == parse_connection_string(AZURE)
    assert parse_connection_string(pasted).text == AZURE


def test_names_are_read_in_any_case_and_spaces_around_them_do_not_matter():
    parsed = parse_connection_string(AZURE.replace("Endpoint=", "endpoint = ").replace(";", " ; "))
    assert parsed == parse_connection_string(AZURE)
    assert sdk(parsed.text).shared_access_key == "a+b/c=="


def test_entity_path_is_recognised():
    assert parse_connection_string(AZURE + ";EntityPath=orders").entity_path == "orders"


def test_ready_made_signature_stands_for_name_and_key():
    parsed = parse_connection_string(
        "Endpoint=sb://ns.example/;"
        "SharedAccessSignature=SharedAccessSignature sr=x&sig=y=&se=1&skn=k"
    )
    assert parsed.signature == "SharedAccessSignature sr=x&sig=y=&se=1&skn=k"
    assert parsed.key is None


def test_secrets_are_not_shown():
    shown = repr(parse_connection_string(AZURE))
    assert "ns.servicebus.windows.net" in shown
    assert "a+b/c==" not in shown


def test_emulator_flag_in_any_case_becomes_what_the_sdk_understands():
    assert not parse_connection_string(AZURE).is_emulator
    parsed = parse_connection_string(AZURE + ";UseDevelopmentEmulator=True")
    assert parsed.is_emulator
    assert parsed.text.endswith(";UseDevelopmentEmulator=true")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        (' "" ', "is empty"),
        ("hello", "no '='"),
        (AZURE.replace("Endpoint", "Endpiont"), "has no Endpoint."),
        (AZURE.replace("SharedAccessKeyName", "Name"), "has no SharedAccessKeyName."),
        (AZURE.replace("SharedAccessKey=", "Key="), "has no SharedAccessKey."),
        ("Endpoint=sb://h/", "has no SharedAccessKeyName and no SharedAccessKey."),
        (AZURE.replace("a+b/c==", ""), "SharedAccessKey has no value"),
        (AZURE.replace("a+b/c==", "<your key>"), "placeholder <your key>"),
        (AZURE + ";SharedAccessSignature=s", "remove one"),
        (AZURE.replace("sb://", "http://"), "begins with http://"),
        (AZURE.replace("sb://", "https://"), "begins with https://"),
        (AZURE.replace("sb://", ""), "begins with no scheme"),
        (AZURE.replace("ns.servicebus.windows.net/", "/"), "no usable host"),
        (AZURE.replace("ns.servicebus.windows.net", "h:port"), "no usable host and port"),
        (AZURE.replace("ns.servicebus.windows.net", "h:99999"), "no usable host and port"),
        (AZURE.replace("ns.servicebus.windows.net", "[::1"), "no usable host and port"),
        (
            "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=b==;EndpointSuffix=c",
            "storage account",
        ),
    ],
)
def test_wrong_strings_are_refused_with_the_part_and_what_to_do(text, words):
    with pytest.raises(ConnectionStringError) as refusal:
        parse_connection_string(text)
    assert words in str(refusal.value)
    assert "a+b/c==" not in str(refusal.value)
