"""The vocabulary of our templates."""

import datetime as dt
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from django import forms
from django.conf import settings
from django.template import Context, RequestContext, Template
from django.template.loader import get_template, render_to_string
from django.test import RequestFactory

from portal.lib import charts, marks
from portal.lib.access import Role
from portal.lib.forms import MoneyField
from portal.templatetags import portal_ui

OUR_TEMPLATES = sorted(Path(settings.BASE_DIR, "templates").rglob("*.html"))


def render(source: str, **context: object) -> str:
    return Template(source).render(Context(context))


class Closing(forms.Form):
    value = MoneyField(label="Agreement value", currency="INR", help_text="Before taxes.")
    agreed = forms.BooleanField(label="Share contact", required=False)


def test_status_dot_says_the_word_beside_the_dot():
    shown = render("{% status_dot 'in_progress' %}")
    assert 'data-tone="info"' in shown
    assert ">In progress<" in shown


def test_an_unknown_status_is_shown_in_grey_and_escaped():
    shown = render("{% status_dot value %}", value="<b>odd_one")
    assert 'data-tone="neutral"' in shown
    assert "<b>" not in shown


def test_capacity_bar_speaks_and_draws():
    shown = render("{% capacity_bar 30 50 %}")
    assert 'max="50" value="30"' in shown
    assert "30 of 50 places used" in shown
    assert "(60%)" in shown
    assert 'data-tone="bad"' in render("{% capacity_bar 0 0 %}")


def test_when_carries_the_exact_time():
    moment = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
    shown = str(marks.when(moment, moment + dt.timedelta(hours=3)))
    assert 'datetime="2026-11-22T12:00:00+00:00"' in shown
    assert 'title="22 Nov 2026, 12:00 UTC"' in shown
    assert ">3 h ago<" in shown


@pytest.mark.parametrize(
    ("role", "path", "here"),
    [
        (Role.OWNER, "/portal/", "/portal/"),
        (Role.OWNER, "/portal/leads/share_x/", "/portal/leads/"),
        (Role.AGENT, "/leads/", "/leads/"),
        (Role.ADMIN, "/admin/partners/partner/add/", "/admin/partners/partner/"),
        (Role.ADMIN, "/accounts/email/", None),
    ],
)
def test_the_navigation_marks_where_the_reader_is(role, path, here):
    request = RequestFactory().get(path)
    request.user = SimpleNamespace(role=role, is_active=True)
    shown = portal_ui.main_navigation(Context({"request": request}))
    current = re.findall(r'href="([^"]+)" aria-current="page"', shown)
    assert current == ([here] if here else [])


def test_a_field_names_its_hint_and_its_error():
    shown = render("{% field form.value %}", form=Closing({"value": "5,00x"}))
    described = re.search(r'aria-describedby="([^"]+)"', shown)
    assert described
    assert all(f'id="{name}"' in shown for name in described[1].split())
    assert 'value="5,00x"' in shown
    assert "INR" in shown
    assert 'aria-invalid="true"' in shown


def test_a_hint_given_in_the_template_is_named_too():
    shown = render("{% field form.agreed hint='Name and phone.' switch=True %}", form=Closing())
    assert 'aria-describedby="id_agreed_helptext"' in shown
    assert "switch" in shown


def test_the_error_summary_links_to_the_fields():
    shown = render("{% form_errors form %}", form=Closing({"value": ""}))
    assert 'href="#id_value"' in shown
    assert render("{% form_errors form %}", form=Closing()).strip() == ""


def test_the_pager_keeps_the_filters():
    request = RequestFactory().get("/portal/leads/?status=sent&cursor=old")
    shown = Template("{% pager next='new' count=150 %}").render(RequestContext(request))
    assert 'href="?status=sent&amp;cursor=new"' in shown
    assert "150 in all" in shown


def test_cards_escape_what_they_are_given():
    shown = render("{% withheld_card title=t reason=r %}x{% endwithheld_card %}", t="<i>", r="<b>")
    assert "<i>" not in shown
    assert "<b>" not in shown


@pytest.mark.parametrize("draw", [charts.bar_chart, charts.line_chart, charts.donut_chart])
def test_a_chart_carries_its_figures_as_a_table(draw):
    shown = draw([("Jan", 3), ("<Feb>", 0), ("Mar", 7, "AED 7")], "Deals", "Number")
    assert "<table" in shown
    assert "AED 7" in shown
    assert "<Feb>" not in shown
    assert "Nothing to draw yet" in draw([], "Deals")


@pytest.mark.parametrize("path", OUR_TEMPLATES, ids=lambda path: path.name)
def test_no_template_needs_an_inline_style_or_script(path):
    source = path.read_text()
    assert not re.search(r"""\sstyle=|<style|\son[a-z]+=["']|href="javascript:""", source)
    # A block of data is nothing a browser runs.
    assert not re.search(r"""<script(?![^>]*(\bsrc=|type="application/json"))""", source)


@pytest.mark.parametrize("name", ["500.html", "503.html"])
def test_the_last_resort_needs_no_context(name):
    assert "<h1>" in get_template(name).template.render(Context())


@pytest.mark.parametrize("name", ["400.html", "403.html", "404.html"])
def test_an_error_page_says_what_to_do(name):
    assert 'href="/"' in render_to_string(name)
