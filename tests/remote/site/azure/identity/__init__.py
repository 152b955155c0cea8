"""A stand-in for azure-identity, which asks nobody: somebody is signed in."""

import base64
import json
import time

from azure.core.credentials import AccessToken


class DefaultAzureCredential:
    def get_token(self, *scopes, **options):
        claims = json.dumps(
            {"aud": "https://servicebus.azure.net", "iss": "https://sts.windows.net"}
        )
        middle = base64.urlsafe_b64encode(claims.encode()).decode().rstrip("=")
        return AccessToken(f"header.{middle}.signature", int(time.time()) + 3600)
