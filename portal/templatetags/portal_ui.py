"""The vocabulary of our templates; `templates/components/README.md` shows each with an example.

Thin on purpose: what is drawn lives in `portal.lib`, so that Python code can draw the same.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django import forms, template
from django.forms.boundfield import BoundField
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from portal.lib import charts, formats, marks
from portal.navigation import NavEntry, current_path, entries_for

register = template.Library()

# --- words and small marks -----------------------------------------------------------------
register.simple_tag(formats.money, name="money")
register.simple_tag(formats.number, name="number")
register.simple_tag(formats.percent, name="percent")
register.simple_tag(formats.duration, name="duration")
register.simple_tag(formats.date, name="day")
register.simple_tag(formats.exact_time, name="exact_time")
register.simple_tag(marks.icon, name="icon")
register.simple_tag(marks.status_dot, name="status_dot")
register.simple_tag(marks.dot, name="dot")
register.simple_tag(marks.badge, name="badge")
register.simple_tag(marks.capacity_bar, name="capacity_bar")
register.filter("or_nothing", marks.or_nothing)
register.simple_tag(charts.bar_chart, name="bar_chart")
register.simple_tag(charts.funnel_chart, name="funnel_chart")
register.simple_tag(charts.line_chart, name="line_chart")
register.simple_tag(charts.donut_chart, name="donut_chart")


@register.simple_tag
def when(moment: dt.datetime | None) -> SafeString:
    """Show MOMENT relative to now, the exact time on hover."""
    return marks.when(moment)


# --- navigation ----------------------------------------------------------------------------
@register.simple_tag(takes_context=True)
def main_navigation(context: Context) -> SafeString:
    """Draw the reader's entries; the one whose path fits best is the current one."""
    request = context.get("request")
    entries = entries_for(getattr(request, "user", None))
    return _drawn_navigation(
        entries, current_path(entries, request.path if request else ""), language()
    )


@lru_cache(maxsize=128)
def _drawn_navigation(entries: tuple[NavEntry, ...], here: str, _language: str) -> SafeString:
    drawn = [{**entry._asdict(), "current": entry.path == here} for entry in entries]
    return render_to_string("components/navigation.html", {"entries": drawn})


# --- parts that never change ---------------------------------------------------------------
def language() -> str:
    return get_language() or ""


@register.simple_tag
def fixed(name: str) -> SafeString:
    """Include the component NAME, which knows nothing of the page, drawn once per language."""
    return _fixed(str(name), language())


@lru_cache(maxsize=64)
def _fixed(name: str, _language: str) -> SafeString:
    return render_to_string(f"components/{name}.html")


# --- containers ----------------------------------------------------------------------------
@register.simple_block_tag
def card(content: str, title: str = "", icon: str = "", note: str = "", id: str = "") -> SafeString:
    """Put CONTENT on a card with TITLE, an ICON before it and a NOTE at its end."""
    head = SafeString("")
    if title:
        drawn = marks.icon(icon, 18) if icon else ""
        side = format_html('<span class="card-note">{}</span>', note) if note else ""
        head = format_html('<header class="card-head">{}<h2>{}</h2>{}</header>', drawn, title, side)
    named = format_html(' id="{}"', id) if id else ""
    return format_html('<section class="card"{}>{}{}</section>', named, head, content)


@register.simple_block_tag
def withheld_card(content: str, title: str, reason: str) -> SafeString:
    """Show that TITLE is withheld and the REASON; CONTENT may offer to ask for it."""
    return format_html(
        '<section class="card withheld"><header class="card-head">{}<h2>{}</h2>'
        '<span class="card-note">{}</span></header><p class="muted">{}</p>{}</section>',
        marks.icon("lock", 18),
        title,
        _("Withheld"),
        reason,
        content,
    )


@register.simple_block_tag
def empty_state(content: str, title: str, icon: str = "inbox") -> SafeString:
    """Say that there is nothing here yet, under TITLE; CONTENT says what to do next."""
    return format_html(
        '<div class="empty"><span class="empty-icon">{}</span><h2>{}</h2>{}</div>',
        marks.icon(icon, 24),
        title,
        content,
    )


@register.simple_block_tag
def dialog(content: str, id: str, title: str) -> SafeString:
    """Hide CONTENT in a dialog named TITLE; a button with `data-open="ID"` opens it."""
    return format_html(
        '<dialog class="dialog" id="{id}" aria-labelledby="{id}-title"><header class="dialog-head">'
        '<h2 id="{id}-title">{title}</h2><button type="button" class="button quiet square"'
        ' data-close aria-label="{close}">{cross}</button></header>{content}</dialog>',
        id=id,
        title=title,
        close=_("Close"),
        cross=marks.icon("x", 18),
        content=content,
    )


@register.inclusion_tag("components/stat.html")
def stat(
    label: str, value: object, note: str = "", tone: str = "", href: str = ""
) -> dict[str, object]:
    """Show one figure of a dashboard: LABEL, VALUE and a NOTE below it."""
    return {"label": label, "value": value, "note": note, "tone": tone, "href": href}


@register.inclusion_tag("components/pager.html")
def pager(
    next: str | None = None,
    previous: str | None = None,
    count: int | None = None,
    target: str = "",
) -> dict[str, object]:
    """Link the pages before and after by cursor, keeping the filters that stand in the address."""
    return {"next": next, "previous": previous, "count": count, "target": target}


# --- forms ---------------------------------------------------------------------------------
_KINDS: tuple[tuple[type[forms.Widget], str], ...] = (
    (forms.CheckboxSelectMultiple, "choices"),
    (forms.RadioSelect, "choices"),
    (forms.CheckboxInput, "check"),
)


@register.inclusion_tag("components/field.html")
def field(
    bound: BoundField,
    hint: str = "",
    label: str = "",
    prefix: str = "",
    suffix: str = "",
    switch: bool = False,
) -> dict[str, object]:
    """Show BOUND with its label above, its hint below and its errors beside it.

    PREFIX and SUFFIX stand in the input's frame, such as a currency or %; money fields bring
    their own. SWITCH draws a tick box as a switch.
    """
    widget = bound.field.widget
    kind = next((name for of, name in _KINDS if isinstance(widget, of)), "input")
    prefix = prefix or str(getattr(bound.field, "currency", ""))
    return {
        "field": bound,
        "kind": "switch" if switch and kind == "check" else kind,
        "label": label or bound.label,
        "hint": hint or bound.help_text,
        "prefix": prefix,
        "suffix": suffix,
        "control": _control(bound, hint, kind),
    }


def _control(bound: BoundField, hint: str, kind: str) -> SafeString:
    """Render the widget; Django names the errors and help text it knows, we name our HINT too."""
    attrs: dict[str, Any] = {}
    if hint and not bound.help_text and kind != "choices":
        name = bound.auto_id
        attrs["aria-describedby"] = " ".join(
            [f"{name}_helptext", *([f"{name}_error"] if bound.errors else [])]
        )
    return bound.as_widget(attrs=attrs)


@register.inclusion_tag("components/form_errors.html")
def form_errors(form: forms.BaseForm) -> dict[str, object]:
    """Sum up what has to be put right in FORM, each error a link to its field."""
    pairs: Sequence[tuple[BoundField, str]] = [
        (bound, str(error)) for bound in form.visible_fields() for error in bound.errors
    ]
    hidden = [str(error) for bound in form.hidden_fields() for error in bound.errors]
    return {"pairs": pairs, "general": [*form.non_field_errors(), *hidden]}


@register.inclusion_tag("components/form_fields.html")
def form_fields(form: forms.BaseForm) -> dict[str, object]:
    """Show the error summary and every field of FORM."""
    return {"form": form}
