"""The namespace's description: its name, its tier, its age."""

from xml.etree.ElementTree import SubElement

from sbtutorial.admin.atom import Entry, described, entry_response
from sbtutorial.admin.call import AdministrationCall
from sbtutorial.http.request import Response

# Clients know no other names of tiers; Microsoft's emulator is nearest to this one.
_DEFAULT_SKU = "Standard"
_SKUS = ("Basic", "Standard", "Premium")


def get(call: AdministrationCall) -> Response:
    """Its name, its tier, and since when it is there: since the broker started."""
    namespace = call.namespace
    tier = namespace.limits.name
    started_at = call.instant(call.administered.started_at)
    info = described("NamespaceInfo")
    values = {
        "CreatedTime": started_at,
        "MessagingSKU": tier if tier in _SKUS else _DEFAULT_SKU,
        "MessagingUnits": "1" if tier == "Premium" else None,
        "ModifiedTime": started_at,
        "Name": namespace.name,
        "NamespaceType": "Messaging",
    }
    for element, value in values.items():
        if value is not None:
            SubElement(info, element).text = value
    url = call.url(call.request.path)
    entry = Entry(url, namespace.name, started_at, started_at, namespace.name, info)
    return entry_response(200, entry)
