"""The template tags: what they say, and that nothing a client is called becomes markup."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django import forms
from django.template import Context, Template, TemplateSyntaxError
from django.test import RequestFactory
from django.utils import timezone

from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor
from kayse_admin.audit.diff import NOT_TOLD, Change, Kind
from kayse_admin.pager import Pager, size_links
from kayse_admin.templatetags import ui


def render(text: str, **context: Any) -> str:
    """The template text with the context, white space collapsed."""
    return " ".join(Template(text).render(Context(context)).split())


class Sample(forms.Form):
    not_told = frozenset({"mobile"})
    name = forms.CharField(label="Name")
    mobile = forms.CharField(label="Mobile", required=False, help_text="With the area code.")
    agreed = forms.BooleanField(label="Agreed", required=False)
    kinds = forms.MultipleChoiceField(
        label="Kinds",
        choices=[("1", "One"), ("2", "Two")],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    operation = forms.UUIDField(widget=forms.HiddenInput)


def test_icon_is_decoration_unless_it_has_a_label() -> None:
    assert 'aria-hidden="true"' in ui.icon("users")
    labelled = ui.icon("users", 20, '"><script>')
    assert "aria-hidden" not in labelled
    assert "<script>" not in labelled
    assert 'role="img"' in labelled
    assert 'width="20"' in labelled


def test_the_same_icon_is_drawn_once() -> None:
    assert ui.icon("users") is ui.icon("users")


def test_field_has_label_control_mark_and_help() -> None:
    form = Sample()
    assert '<label for="id_name">Name</label>' in render("{% field form.name %}", form=form)
    html = render("{% field form.mobile %}", form=form)
    assert "Mobile <small>Optional</small>" in html
    assert 'aria-describedby="id_mobile_helptext"' in html
    assert '<small id="id_mobile_helptext">With the area code.</small>' in html


def test_field_says_what_is_not_told() -> None:
    form = Sample()
    assert "Not told by Kayse" in render("{% field form.mobile %}", form=form)
    assert "Not told by Kayse" not in render("{% field form.name %}", form=form)


def test_field_with_an_error_is_tied_to_it() -> None:
    html = render("{% field form.name %}", form=Sample({"operation": ""}))
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_name_error"' in html
    assert '<p class="field-error" id="id_name_error">This field is required.</p>' in html


def test_checkbox_is_inside_its_label_and_a_group_is_a_fieldset() -> None:
    assert '<label class="check"><input type="checkbox"' in render("{% field form.agreed %}", form=Sample())
    group = render("{% field form.kinds wide=True %}", form=Sample())
    assert group.startswith('<fieldset class="field wide"')
    assert "<legend>Kinds" in group
    assert group.endswith("</fieldset>")


def test_error_summary_links_to_each_field_and_tells_hidden_faults() -> None:
    html = render("{% error_summary form %}", form=Sample({"operation": "no"}))
    assert "1 field needs attention" in html
    assert '<a href="#id_name">Name: This field is required.</a>' in html
    assert "Enter a valid UUID." in html
    assert "autofocus" in html


def test_error_summary_of_a_good_form_is_nothing() -> None:
    assert render("{% error_summary form %}", form=Sample()) == ""


def test_error_summary_without_field_errors() -> None:
    form = Sample({"name": "Ann", "operation": "0b0e6f4e-6f5c-4c8e-8b53-2f7b8a0d2c11"})
    form.is_valid()
    form.add_error(None, "Kayse said no.")
    html = render("{% error_summary form %}", form=form)
    assert "This could not be saved" in html
    assert "<li>Kayse said no.</li>" in html


def test_badge_escapes_and_knows_its_kinds() -> None:
    assert ui.badge("bad", "<b>") == '<span class="badge bad">&lt;b&gt;</span>'
    with pytest.raises(TemplateSyntaxError):
        ui.badge("red", "x")


@pytest.mark.parametrize(
    ("name", "initials"),
    [
        ("Ann Lee", "AL"),
        ("Bo", "B"),
        ("Maria de la Cruz", "MC"),
        ("", "–"),
        ("(O'Brien) Zoë", "Z"),
        ("<b> x", "X"),
    ],
)
def test_avatar_initials(name: str, initials: str) -> None:
    assert f">{initials}</span>" in ui.avatar(name)


def test_avatar_of_a_name_is_always_the_same() -> None:
    assert ui.avatar("Ann Lee") == ui.avatar("Ann Lee")
    assert "avatar-lg" in ui.avatar("Ann Lee", True)


def test_times() -> None:
    now = timezone.now()
    local = timezone.localtime(now)
    long_ago = datetime(2001, 2, 3, 4, 5, tzinfo=timezone.get_current_timezone())
    assert ui.moment(now) == f"{local:%H:%M}"
    assert ui.moment(long_ago) == "Feb 3, 2001, 04:05"
    assert ui.moment(None) == "–"
    assert ui.day(date(2026, 11, 21)) == "Nov 21, 2026"
    assert ui.day(long_ago) == "Feb 3, 2001"
    assert ui.day(None) == "–"
    assert f'as of <time datetime="{now.isoformat(timespec="seconds")}"' in ui.as_of(now)
    assert "not told yet" in ui.as_of(None)


def test_a_day_of_this_year_has_no_year(monkeypatch: pytest.MonkeyPatch) -> None:
    noon = datetime(2026, 6, 15, 12, 0, tzinfo=timezone.get_current_timezone())
    monkeypatch.setattr(timezone, "now", lambda: noon)
    assert ui.moment(noon - timedelta(days=3)) == "Jun 12, 12:00"


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("+16175550123", "(617) 555-0123"),
        ("6175550123", "(617) 555-0123"),
        ("+442079460182", "+44 20 7946 0182"),
        ("call me", "call me"),
        ("12", "12"),
        ("", "–"),
        (None, "–"),
    ],
)
def test_phone(typed: str | None, shown: str) -> None:
    assert ui.phone(typed) == shown


def test_number() -> None:
    assert ui.number(1214) == "1,214"
    assert ui.number(0) == "0"
    assert ui.number(None) == "–"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, ""),
        ("", ""),
        ([], ""),
        (True, "Yes"),
        (False, "No"),
        ([1, 2], "1, 2"),
        ({"a": [1]}, "a: 1"),
        (0, "0"),
    ],
)
def test_shown(value: object, words: str) -> None:
    assert ui.shown(value) == words


def test_diff_tells_before_after_empty_not_told_and_folds_long_text() -> None:
    changes = [
        Change("city", "City", "<Boston>", None, Kind.REMOVED),
        Change("state", "State", NOT_TOLD, "MA", Kind.ADDED),
        Change("text", "Text", "not told", "x" * 161, Kind.CHANGED),
    ]
    html = render("{% diff_table changes %}", changes=changes)
    assert '<del class="bad">&lt;Boston&gt;</del>' in html
    assert '<span class="muted">empty</span>' in html
    assert html.count('<span class="muted">not told</span>') == 1
    assert '<del class="bad">not told</del>' in html  # somebody typed it
    assert "<details><summary><ins" in html
    assert "Nothing changed" in render("{% diff_table changes %}", changes=[])


def test_empty_shows_the_next_step_and_escapes_what_is_told() -> None:
    html = render('{% empty "users" title "Load them." %}<a href="/x/">Load</a>{% endempty %}', title="<No>")
    assert "<h2>&lt;No&gt;</h2>" in html
    assert "<p>Load them.</p>" in html
    assert '<a href="/x/">Load</a>' in html


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (Pager(51, 75, 1214), "51 to 75 of 1,214"),
        (Pager(1, 25, 1000, capped=True), "1 to 25 of more than 1,000"),
        (Pager(0, 0, 0), "None"),
        (Pager(1, 25, None), "1 to 25 of many"),
    ],
)
def test_pager_words(page: Pager, words: str) -> None:
    assert f"<span>{words}</span>" in render("{% pager page %}", page=page)


def test_pager_links_work_without_htmx_and_with_it() -> None:
    page = Pager(1, 25, 30, next_url="/x/?page=2")
    html = render('{% pager page target="#results" %}', page=page)
    assert 'rel="next" href="/x/?page=2" hx-get="/x/?page=2"' in html
    assert 'hx-target="#results" hx-push-url="true"' in html
    assert 'aria-disabled="true"' in html
    assert "hx-get" not in render("{% pager page %}", page=page)


def test_pager_marks_its_size() -> None:
    request = RequestFactory().get("/x/", {"q": "a", "page": "3"})
    html = render("{% pager page %}", page=Pager(1, 25, 30, sizes=size_links(request)))
    assert '<a href="/x/?q=a&amp;size=25" aria-current="true">25</a>' in html
    assert '<a href="/x/?q=a&amp;size=50">50</a>' in html


@pytest.mark.parametrize(
    ("current", "order", "then"),
    [
        ("name", 'aria-sort="ascending"', "-name"),
        ("-name", 'aria-sort="descending"', "name"),
        ("city", "", "name"),
    ],
)
def test_sort_head(current: str, order: str, then: str) -> None:
    request = RequestFactory().get("/x/", {"q": "a", "page": "3"})
    html = render('{% sort_head "Name" "name" sort css="num" %}', request=request, sort=current)
    assert order in html
    assert ("aria-sort" in html) is bool(order)
    assert f'href="/x/?q=a&amp;sort={then}"' in html


def test_can_asks_the_actor_and_refuses_a_typo() -> None:
    actor = Actor(id=1, name="Ann", capabilities=frozenset({str(Capability.CLIENTS_EDIT)}))
    text = '{% if actor|can:"clients_edit" %}yes{% else %}no{% endif %}'
    assert render(text, actor=actor) == "yes"
    assert render(text, actor=Actor(id=2, name="Bo")) == "no"
    with pytest.raises(ValueError, match="clients_edti"):
        ui.can(actor, "clients_edti")
