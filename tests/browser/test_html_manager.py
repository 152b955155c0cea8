"""The views as they are saved, shown by what VS Code and web pages show widgets with.

That is ipywidgets' HTML manager. It loads modules of the old kind, anywidget's among them, and has
no kernel here: a view shows how things were.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("playwright", reason="the browser tests need playwright")

import anywidget
from ipywidgets.embed import dependency_state, embed_data
from playwright.sync_api import Page, Route, expect

from sbtutorial.lab.lab import Lab
from sbtutorial.lab.watching import Watch
from sbtutorial.views.question.widget import QuestionView
from tests.browser.test_elsewhere import QUESTION
from tests.browser.test_watch import card
from tests.browser.window import console_errors, what_is_missing
from tests.clients.installed import HOW, HTML_MANAGER
from tests.own_home import lab_at

MISSING = what_is_missing()
pytestmark = [
    pytest.mark.browser,
    pytest.mark.overnight,
    pytest.mark.skipif(bool(MISSING), reason=MISSING),
    pytest.mark.skipif(not HTML_MANAGER.exists(), reason=f"needs: {HOW}"),
]
SITE = "http://widgets.test/"
PAGE = """<!doctype html><body>
<script src="require.js"></script>
<script>requirejs.config({{ paths: {{ anywidget: "anywidget" }} }});</script>
<script src="embed-amd.js"></script>
<script type="application/vnd.jupyter.widget-state+json">{state}</script>
{views}"""
VIEW = '<script type="application/vnd.jupyter.widget-view+json">{}</script>'


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with lab_at(tmp_path / "home") as lab:
        yield lab


@pytest.fixture
def site(tab: Page) -> Iterator[Page]:
    assert tab.context.browser is not None
    page = tab.context.browser.new_page()
    yield page
    page.close()


def test_saved_views_are_shown_without_a_kernel(lab: Lab, site: Page) -> None:
    from azure.servicebus import ServiceBusClient, ServiceBusMessage

    lab.fresh_queue("orders")
    with (
        ServiceBusClient.from_connection_string(lab.connection_string) as client,
        client.get_queue_sender("orders") as sender,
    ):
        sender.send_messages(ServiceBusMessage("<b>tea</b>"))
    views = [Watch(lab.service, "orders", {}).view("cell"), QuestionView(QUESTION, "", "")]
    state = dependency_state(views, drop_defaults=False)
    saved = embed_data(views=views, drop_defaults=False, state=state)
    files = {name: (HTML_MANAGER / name).read_bytes() for name in ("require.js", "embed-amd.js")}
    files["anywidget.js"] = _anywidget().read_bytes()
    files[""] = PAGE.format(
        state=_script(saved["manager_state"]),
        views="".join(VIEW.format(_script(one)) for one in saved["view_specs"]),
    ).encode()

    def serve(route: Route) -> None:
        name = route.request.url.removeprefix(SITE)
        if name not in files:
            route.abort()
            return
        kind = "text/javascript" if name else "text/html; charset=utf-8"
        route.fulfill(body=files[name], content_type=kind)

    site.route("**/*", serve)
    with console_errors(site) as errors:
        site.goto(SITE)
        expect(card(site.locator(".sbw"), 1)).to_contain_text("<b>tea</b>")
        expect(site.get_by_role("radio", name="2")).to_be_visible()
    assert errors == []
    for view in views:
        view.close()


def _script(values: object) -> str:
    return json.dumps(values).replace("</", "<\\/")


def _anywidget() -> Path:
    """Its module of the old kind, which Jupyter's servers have beside their extensions."""
    from jupyter_core.paths import jupyter_path

    for folder in jupyter_path("nbextensions", "anywidget"):
        if (file := Path(folder) / "index.js").exists():
            return file
    raise AssertionError(f"anywidget {anywidget.__version__} came without its nbextension")
