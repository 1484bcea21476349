"""Texts of a figure as a reader sees them: which lie on one another, which leave the page."""

import itertools

from matplotlib.axis import Axis
from matplotlib.text import Text


def shown_texts(figure):
    """Every visible text with its box in pixels, drawn ticks only."""
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    hidden = set()
    for axis in figure.findobj(Axis):
        if not axis.axes.get_visible() or not axis.axes.axison:
            hidden |= {id(text) for text in axis.findobj(Text)}
        low, high = sorted(axis.get_view_interval())
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
            if not low - 1e-9 * abs(low) <= tick.get_loc() <= high + 1e-9 * abs(high):
                hidden |= {id(tick.label1), id(tick.label2)}
    for axes in figure.axes:
        if not axes.get_visible():
            hidden |= {id(text) for text in axes.findobj(Text)}
    texts = [
        text
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and id(text) not in hidden
    ]
    return [(text.get_text(), text.get_window_extent(renderer)) for text in texts]


def colliding_texts(figure):
    """Pairs of texts whose boxes share more than a hair, and texts that reach over the figure's edge."""
    texts = shown_texts(figure)
    found = [
        (one, other)
        for (one, a), (other, b) in itertools.combinations(texts, 2)
        if min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 1
    ]
    page = figure.bbox
    outside = [
        (text, "the page's edge")
        for text, box in texts
        if box.x0 < page.x0 - 1 or box.x1 > page.x1 + 1 or box.y0 < page.y0 - 1 or box.y1 > page.y1 + 1
    ]
    return found + outside
