"""The SDK and its bench, as its own tests have them."""

from tests.sdk.conftest import bench, ca_pem, certificates_folder, flavour

__all__ = ["bench", "ca_pem", "certificates_folder", "flavour"]
