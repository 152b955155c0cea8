"""What keeps people from using a part of a page: found by axe-core, and by the colours on it.

npm brings axe-core (`python -m tests.clients.installed`). When it looks for contrast it leaves out
most texts of a notebook, so that is measured here, and needs nothing.
"""

from playwright.sync_api import Page

from tests.clients.installed import HOW, NODE_PROGRAMS

_AXE = NODE_PROGRAMS / "node_modules" / "axe-core" / "axe.min.js"
_RUN = """async selector => {
    const found = await axe.run(selector, { resultTypes: ["violations"] });
    return found.violations.flatMap(rule => rule.nodes.map(node =>
        `${rule.id}: ${node.html.slice(0, 200)}: ${node.failureSummary}`));
}"""
LEAST_CONTRAST = 4.5  # WCAG 2.1, 1.4.3, level AA
_FAINT = """([selector, least]) => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const parts = colour => {  // however it is written: red, green, blue, alpha
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = ([red, green, blue]) => {
        const [r, g, b] = [red, green, blue].map(part => part / 255)
            .map(part => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const paper = one => {
        for (let at = one; at; at = at.parentElement) {
            const colour = parts(getComputedStyle(at).backgroundColor);
            if (colour[3] > 250) return light(colour);
        }
        return 1;
    };
    const says = one => [...one.childNodes].some(
        child => child.nodeType === Node.TEXT_NODE && child.textContent.trim());
    return [...document.querySelectorAll(`:is(${selector}) *`)]
        .filter(one => says(one) && one.getClientRects().length && !one.closest(":disabled"))
        .map(one => {
            const ink = light(parts(getComputedStyle(one).color)), ground = paper(one);
            const ratio = (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
            return [ratio, `${ratio.toFixed(2)} to 1: ${one.textContent.trim().slice(0, 60)}`];
        })
        .filter(([ratio]) => ratio < least).map(([, words]) => words);
}"""
MISSING = "" if _AXE.exists() else f"axe-core is not there: {HOW}"


def accessibility_faults(page: Page, selector: str) -> list[str]:
    """Every fault, in words, in what a selector finds; none when it can be used by everybody."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_AXE.read_text("utf-8"))
    found: list[str] = page.evaluate(_RUN, selector)
    return found


def faint_texts(page: Page, selector: str) -> list[str]:
    """Texts that are hard to read on what is behind them, each with its contrast.

    What is disabled may be faint.
    """
    found: list[str] = page.evaluate(_FAINT, [selector, LEAST_CONTRAST])
    return found
