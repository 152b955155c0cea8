"""A front end that is no JupyterLab: a page with nothing on it but one view.

It has what the contract of anywidget's modules asks of a front end, and no more: no styles and no
variables of JupyterLab's, no loader of modules of the old kind, no kernel to be looked at. VS Code,
Colab and marimo differ from each other, and have this in common.

Source: anywidget, "Anywidget Front-End Module".
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any

import comm
import pytest
from comm.base_comm import BaseComm
from playwright.sync_api import Page

from sbtutorial.views.widget import LiveWidget

_HOST = """async ([state, paper, ink]) => {
    Object.assign(document.body.style, { background: paper, color: ink, font: "13px sans-serif" });
    const style = document.createElement("style");
    style.textContent = state._css;
    document.head.append(style);
    const listeners = [];
    const emit = (event, ...told) => listeners
        .filter(one => one.event === event).forEach(one => one.listener(...told));
    const model = {
        get: name => state[name],
        set: (name, value) => { state[name] = value; },
        save_changes: () => {},
        on: (event, listener) => listeners.push({ event, listener }),
        off: (event, listener) => listeners.splice(0, listeners.length, ...listeners.filter(
            one => one.event !== event || (listener && one.listener !== listener))),
        send: content => toKernel(JSON.stringify(content)),
    };
    const hear = ({ method, state: changed, content }) => {
        Object.assign(state, changed);
        for (const name of Object.keys(changed ?? {})) emit(`change:${name}`);
        if (method === "custom") emit("msg:custom", content, []);
    };
    const script = new Blob([state._esm], { type: "text/javascript" });
    const { default: widget } = await import(URL.createObjectURL(script));
    const el = document.createElement("div");
    document.body.append(el);
    const leave = await widget.render({ model, el });
    const timer = setInterval(async () => (await fromKernel()).forEach(hear), 50);
    window.leave = () => { clearInterval(timer); leave(); el.remove(); };
}"""


class _PageComm(BaseComm):
    """The kernel's end of the way to the page: what is said stays here until the page asks."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.said: SimpleQueue[Mapping[str, Any]] = SimpleQueue()
        super().__init__(*args, **kwargs)

    def publish_msg(
        self,
        msg_type: str,
        data: Mapping[str, Any] | None = None,
        metadata: object = None,
        buffers: object = None,
        **keys: object,
    ) -> None:
        if msg_type == "comm_msg":
            self.said.put(data or {})

    def hear(self, content: str) -> None:
        data = {"method": "custom", "content": json.loads(content)}
        self.handle_msg({"content": {"data": data}, "buffers": []})

    def news(self) -> list[Mapping[str, Any]]:
        found = []
        try:
            while True:
                found.append(self.said.get_nowait())
        except Empty:
            return found


@pytest.fixture
def comms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the widgets of a test speak to its page."""
    monkeypatch.setattr(comm, "create_comm", _PageComm)


@contextmanager
def shown(page: Page, widget: LiveWidget, *, is_dark: bool = False) -> Iterator[Page]:
    """Have a view alone on a page, connected to its widget; needs `comms`.

    Args:
        page: Of a browser in which it gets a page of its own.
        widget: Of this process; it is closed afterwards.
        is_dark: Whether the page is, as those are for which a front end has no theme.
    """
    way = widget.comm
    assert isinstance(way, _PageComm)
    browser = page.context.browser
    assert browser is not None
    bare = browser.new_page()
    bare.expose_function("toKernel", way.hear)
    bare.expose_function("fromKernel", way.news)
    paper, ink = ("#1e1e1e", "#cccccc") if is_dark else ("#ffffff", "#3b3b3b")
    try:
        bare.evaluate(_HOST, [_plain(widget.get_state()), paper, ink])
        yield bare
    finally:
        bare.evaluate("() => window.leave?.()")
        bare.close()
        widget.close()


def _plain(state: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in state.items() if _is_plain(value)}


def _is_plain(value: object) -> bool:
    try:
        json.dumps(value)
    except TypeError:
        return False
    return True
