"""Figures that say what they show, to those who cannot see them.

JupyterLab shows a plain figure as a picture without alternative text, whatever its metadata say. So
such a figure offers itself as HTML, too: the same picture with its description. nbconvert takes the
description from the metadata; a terminal prints it.
"""

from base64 import b64encode
from io import BytesIO
from typing import TYPE_CHECKING, Any

from sbtutorial.views.markup import element

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH_INCHES = 4.2  # the words are as large as text where the output is 360 pixels wide
_PIXELS_PER_INCH, _SHARPNESS = 100, 2  # CSS pixels, and dots in one of them
_COLOURS = 64


def own_axes(height_inches: float, description: str) -> "Axes":
    """Axes on a figure of their own, which has this as its alternative text.

    White in a dark notebook, too: the ink is dark.
    """
    import matplotlib.pyplot as plt
    from matplotlib.figure import Figure

    class DescribedFigure(Figure):
        def __repr__(self) -> str:
            return description

        def _repr_mimebundle_(self, **_kinds: Any) -> tuple[dict[str, str], dict[str, Any]]:
            return _bundle(self, description)

    _, axes = plt.subplots(
        FigureClass=DescribedFigure,
        figsize=(WIDTH_INCHES, height_inches),
        dpi=_PIXELS_PER_INCH,
        layout="constrained",
        facecolor="white",
    )
    return axes


def verbatim(axes: "Axes") -> None:
    """Have every text be drawn as it is: a client's name may well have what means a formula."""
    from matplotlib.text import Text

    for text in axes.findobj(Text):
        text.set_parse_math(False)


def _bundle(figure: Any, description: str) -> tuple[dict[str, str], dict[str, Any]]:
    data = b64encode(_png(figure)).decode()
    width, height = (round(inches * _PIXELS_PER_INCH) for inches in figure.get_size_inches())
    img = element(
        "img",
        alt=description,
        src=f"data:image/png;base64,{data}",
        style=f"width: {width}px; max-width: 100%; height: auto",
    )
    bundle = {"image/png": data, "text/html": img.text, "text/plain": description}
    return bundle, {"image/png": {"alt": description, "width": width, "height": height}}


def _png(figure: Any) -> bytes:
    """The picture with few colours, which is enough for bars and words: a third of the bytes."""
    from PIL import Image

    drawn, written = BytesIO(), BytesIO()
    figure.savefig(drawn, format="png", dpi=_SHARPNESS * _PIXELS_PER_INCH)
    picture = Image.open(drawn).convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
    picture.save(written, format="PNG", optimize=True)
    return written.getvalue()
