"""Incidents of the failure lab: small systems that run and are broken, each with its pager text."""
