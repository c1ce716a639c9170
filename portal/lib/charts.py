"""Pictures of figures as SVG made on the server: bars, a funnel, a line, a ring.

Geometry is in SVG attributes and colour in classes, so no inline style is needed and the same
marks print in documents. Each picture carries its figures in a table for screen readers and for
whoever prefers to read.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

WIDTH, HEIGHT, FLOOR = 640, 200, 170
LEFT, RIGHT, TOP = 8, 8, 14
MAX_BAR = 44


class Point(NamedTuple):
    """One figure: its name, its size and how people read it (VALUE itself if TEXT is empty)."""

    label: str
    value: float
    text: str = ""

    @property
    def words(self) -> str:
        return self.text or f"{self.value:,.10g}"


def bar_chart(points: Sequence[tuple[object, ...]], title: str, unit: str = "") -> SafeString:
    """Draw POINTS of (label, value[, text]) as bars under TITLE; UNIT heads the figures."""
    figures = _points(points)
    if not figures:
        return _nothing(title)
    slot = (WIDTH - LEFT - RIGHT) / len(figures)
    width = min(MAX_BAR, slot * 0.64)
    top = max(figure.value for figure in figures) or 1
    bars = []
    for index, figure in enumerate(figures):
        height = max(0.0, figure.value) / top * (FLOOR - TOP)
        middle = LEFT + slot * (index + 0.5)
        bars.append(
            (
                f"{middle - width / 2:.1f}",
                f"{FLOOR - height:.1f}",
                f"{width:.1f}",
                f"{height:.1f}",
                f"{figure.label}: {figure.words}",
            )
        )
    marks = format_html_join(
        "",
        '<rect class="chart-bar" x="{}" y="{}" width="{}" height="{}" rx="3">'
        "<title>{}</title></rect>",
        bars,
    )
    return _figure(title, marks + _axis(figures, slot), figures, unit)


def funnel_chart(points: Sequence[tuple[object, ...]], title: str, unit: str = "") -> SafeString:
    """Draw POINTS of (label, value), each a part of the one before, as bars one below the other.

    Beside each stands how many percent of the first are left.
    """
    figures = _points(points)
    if not figures or not figures[0].value:
        return _nothing(title)
    whole, step = figures[0].value, HEIGHT / len(figures)
    shown = [
        Point(point.label, point.value, f"{point.words} ({point.value / whole:.1%})")
        for point in figures
    ]
    bars = format_html_join(
        "",
        '<text class="chart-label" x="0" y="{}">{}: {}</text>'
        '<rect class="chart-bar" x="0" y="{}" width="{}" height="{}" rx="3"><title>{}: {}</title>'
        "</rect>",
        [
            (
                f"{step * index + 16:.1f}",
                point.label,
                point.words,
                f"{step * index + 24:.1f}",
                f"{max(point.value / whole * WIDTH, 2):.1f}",
                f"{step - 34:.1f}",
                point.label,
                point.words,
            )
            for index, point in enumerate(shown)
        ],
    )
    return _figure(title, bars, shown, unit)


def line_chart(points: Sequence[tuple[object, ...]], title: str, unit: str = "") -> SafeString:
    """Draw POINTS of (label, value[, text]) as one line over a soft area under TITLE."""
    figures = _points(points)
    if not figures:
        return _nothing(title)
    slot = (WIDTH - LEFT - RIGHT) / len(figures)
    top = max(figure.value for figure in figures) or 1
    spots = [
        (LEFT + slot * (index + 0.5), FLOOR - max(0.0, figure.value) / top * (FLOOR - TOP))
        for index, figure in enumerate(figures)
    ]
    path = " L".join(f"{x:.1f} {y:.1f}" for x, y in spots)
    area = f"M{spots[0][0]:.1f} {FLOOR} L{path} L{spots[-1][0]:.1f} {FLOOR} Z"
    dots = format_html_join(
        "",
        '<circle class="chart-dot" cx="{}" cy="{}" r="3.5"><title>{}</title></circle>',
        [
            (f"{x:.1f}", f"{y:.1f}", f"{figure.label}: {figure.words}")
            for (x, y), figure in zip(spots, figures, strict=True)
        ],
    )
    line = format_html(
        '<path class="chart-area" d="{}"/><path class="chart-line" d="M{}"/>', area, path
    )
    return _figure(title, line + dots + _axis(figures, slot), figures, unit)


def donut_chart(points: Sequence[tuple[object, ...]], title: str, unit: str = "") -> SafeString:
    """Draw POINTS of (label, value[, text]) as parts of a ring under TITLE, with a legend."""
    figures = [figure for figure in _points(points) if figure.value > 0]
    whole = sum(figure.value for figure in figures)
    if not whole:
        return _nothing(title)
    radius, start, arcs, legend = 54, 0.0, [], []
    around = 2 * math.pi * radius
    for index, figure in enumerate(figures):
        length = figure.value / whole * around
        drawn = max(length - (2 if len(figures) > 1 else 0), 0.5)
        colour = index % 6 + 1
        spoken = f"{figure.label}: {figure.words}"
        arcs.append((colour, f"{drawn:.2f} {around - drawn:.2f}", f"{-start:.2f}", spoken))
        legend.append((colour, figure.label, figure.words))
        start += length
    ring = format_html_join(
        "",
        '<circle class="chart-arc series-{}" cx="70" cy="70" r="54" transform="rotate(-90 70 70)"'
        ' stroke-dasharray="{}" stroke-dashoffset="{}"><title>{}</title></circle>',
        arcs,
    )
    middle = format_html(
        '<text class="chart-total" x="70" y="77" text-anchor="middle">{}</text>', f"{whole:,.10g}"
    )
    words = format_html_join(
        "", '<li><span class="swatch series-{}"></span>{} <b>{}</b></li>', legend
    )
    return format_html(
        '<figure class="chart chart-donut"><figcaption>{}</figcaption><div class="donut">'
        '<svg viewBox="0 0 140 140" width="140" height="140" role="img" aria-label="{}">{}{}</svg>'
        '<ul class="legend" aria-hidden="true">{}</ul></div>{}</figure>',
        title,
        title,
        ring,
        middle,
        words,
        _table(title, figures, unit),
    )


def _points(points: Sequence[tuple[object, ...]]) -> list[Point]:
    return [
        Point(str(label), float(str(value or 0)), str(rest[0]) if rest else "")
        for label, value, *rest in points
    ]


def _axis(figures: Sequence[Point], slot: float) -> SafeString:
    every = math.ceil(len(figures) / 8)
    line = format_html(
        '<line class="chart-floor" x1="{}" x2="{}" y1="{}" y2="{}"/>',
        LEFT,
        WIDTH - RIGHT,
        FLOOR,
        FLOOR,
    )
    labels = format_html_join(
        "",
        '<text class="chart-label" x="{}" y="{}" text-anchor="middle">{}</text>',
        [
            (f"{LEFT + slot * (index + 0.5):.1f}", HEIGHT - 10, figure.label)
            for index, figure in enumerate(figures)
            if index % every == 0
        ],
    )
    return line + labels


def _figure(title: str, marks: SafeString, figures: Sequence[Point], unit: str) -> SafeString:
    return format_html(
        '<figure class="chart"><figcaption>{}</figcaption>'
        '<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>{}</figure>',
        title,
        WIDTH,
        HEIGHT,
        title,
        marks,
        _table(title, figures, unit),
    )


def _table(title: str, figures: Sequence[Point], unit: str) -> SafeString:
    rows = format_html_join(
        "",
        '<tr><th scope="row">{}</th><td class="num">{}</td></tr>',
        [(figure.label, figure.words) for figure in figures],
    )
    return format_html(
        '<details class="chart-figures"><summary>{}</summary><table class="table"><caption'
        ' class="visually-hidden">{}</caption><thead><tr><th scope="col">{}</th><th scope="col"'
        ' class="num">{}</th></tr></thead><tbody>{}</tbody></table></details>',
        _("Show the figures"),
        title,
        _("Name"),
        unit or _("Value"),
        rows,
    )


def _nothing(title: str) -> SafeString:
    return format_html(
        '<figure class="chart"><figcaption>{}</figcaption><p class="muted">{}</p></figure>',
        title,
        _("Nothing to draw yet."),
    )
