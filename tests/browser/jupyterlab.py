"""A real JupyterLab on copies of the lessons, and its window in a real Chromium."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

import nbformat
import psutil
from nbformat import NotebookNode
from playwright.sync_api import Locator, Page, expect, sync_playwright

from tests.notebooks.lessons import LESSONS, private_environment

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
RUN_LIMIT_SECONDS = 60
_START_LIMIT_SECONDS = 60
_FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Every cell is in the page, also far below; and nobody is asked whether to fetch news.
_SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
_ADDRESS = re.compile(r"(http://127\.0\.0\.1:\d+)/lab\S*\?token=(\w+)")


class JupyterLab:
    """A running server, as `python -m sbtutorial lab` starts it.

    Attributes:
        first_url: The address that it prints for the reader to open.
    """

    def __init__(self, first_url: str, folder: Path) -> None:
        self.first_url = first_url
        self.folder = folder
"""
"""
