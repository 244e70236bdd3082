"""The filters of the list: read from the address, as conditions for the database and as chips for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone

from clients_ui import bulk, normal, states
from clients_ui.keyset import Condition
from kayse_admin.actors import Actor
from kayse_admin.audit.models import OpenOperation
from kayse_admin.jobs.models import Job, Row

#: Operations without a known outcome that the filter looks at; there is never a firm with so many.
MOST_WAITING = 500

#: Kinds of jobs whose rows are changes of clients.
CHANGES = tuple(kind.name for kind in (bulk.Upsert, bulk.Revert, bulk.Delete, bulk.DeleteForGood))
#: The clients that stand in a job as rows of which nobody knows what became: the index `row_unknown` holds only those.
IN_JOBS = (
    f'SELECT "row"."target" FROM "{Row._meta.db_table}" "row" '  # noqa: S608  (our own names)
    f'JOIN "{Job._meta.db_table}" "job" ON "job"."id" = "row"."job_id" '
    """WHERE "row"."outcome" = 'unknown' AND "row"."target" IS NOT NULL """
    f'AND "job"."kind" IN ({", ".join(["%s"] * len(CHANGES))})'
)

#: Holds for no client.
NOBODY: Condition = ("1 = 0", ())

ANY = ("", "Any")


class FilterForm(forms.Form):
    """Every filter as a control; what is filled in wrongly is said at its field."""

    opted = forms.ChoiceField(
        label="Calls",
        required=False,
        widget=forms.Select(attrs={"aria-label": "Calls"}),
        choices=[("", "Calls: any"), ("yes", "Opted out"), ("no", "May be called"), ("unknown", "Not told")],
    )
    state = forms.CharField(
        label="State",
        required=False,
        max_length=80,
        widget=forms.TextInput(attrs={"placeholder": "TX or Texas"}),
    )
    source = forms.CharField(label="External source", required=False, max_length=80)
    cases = forms.ChoiceField(
        label="Cases", required=False, choices=[ANY, ("yes", "With cases"), ("no", "Without cases")]
    )
    gone = forms.ChoiceField(
        label="Deleted at Kayse", required=False, choices=[ANY, ("yes", "Deleted"), ("no", "Not deleted")]
    )
    since = forms.DateField(
        label="Known here since", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    told_before = forms.DateField(
        label="Last told before", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    waiting = forms.BooleanField(label="Outcome unknown", required=False)
    mine = forms.BooleanField(label="Changed by me", required=False)


@dataclass(frozen=True, slots=True)
class Chip:
    """One active filter: its parameter in the address, and its words."""

    name: str
    words: str


@dataclass(frozen=True)
class Filters:
    """The filters of one request."""

    query: QueryDict
    conditions: tuple[Condition, ...] = ()
    chips: tuple[Chip, ...] = ()
    #: Whether something is filled in wrongly: then nobody matches, and the form says what is wrong.
    broken: bool = False

    @cached_property
    def form(self) -> FilterForm:
        """The controls, as they are filled in."""
        return FilterForm(self.query, label_suffix="")


def read(query: QueryDict, actor: Actor) -> Filters:
    """The filters that an address names. Where a value is none, nobody matches: all would pass for an answer."""
    if not any(query.get(name) for name in FilterForm.base_fields):
        return Filters(query)
    form = FilterForm(query, label_suffix="")
    if not form.is_valid():
        return Filters(query, (NOBODY,), broken=True)
    given = {name: value for name, value in form.cleaned_data.items() if value not in ("", None, False)}
    conditions = tuple(_CONDITIONS[name](value, actor) for name, value in given.items())
    chips = tuple(Chip(name, _words(form, name, value)) for name, value in given.items())
    return Filters(query, conditions, chips)


def _words(form: FilterForm, name: str, value: Any) -> str:
    field = form.fields[name]
    if isinstance(field, forms.ChoiceField):
        return next(str(words) for choice, words in form[name].field.widget.choices if choice == value)
    if name == "state":
        value = states.NAMES.get(normal.state_key(value).upper(), value)
    return str(field.label) if value is True else f"{field.label}: {value}"


def _opted(value: str, _: Actor) -> Condition:
    # Bare, as Django writes the condition of the index.
    column = '"voice_calls_opted_out"'
    return {"yes": column, "no": f"NOT {column}", "unknown": f"{column} IS NULL"}[value], ()


def _cases(value: str, _: Actor) -> Condition:
    return ("\"case_ids\" <> '[]'" if value == "yes" else "\"case_ids\" = '[]'"), ()


def _gone(value: str, _: Actor) -> Condition:
    return f'"gone_at" IS {"NOT NULL" if value == "yes" else "NULL"}', ()


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _waiting(value: bool, _: Actor) -> Condition:
    """Clients of an operation that nobody has finished, and those whose row of a job was never answered."""
    rows = OpenOperation.objects.filter(target_kind="client", target_id__isnull=False)
    ids = list(rows.values_list("target_id", flat=True).distinct()[:MOST_WAITING])
    in_jobs = f'"id" IN ({IN_JOBS})'
    if not ids:
        return in_jobs, CHANGES
    return f'("id" IN ({", ".join(["%s"] * len(ids))}) OR {in_jobs})', (*ids, *CHANGES)


_CONDITIONS: Mapping[str, Callable[[Any, Actor], Condition]] = {
    "opted": _opted,
    "state": lambda value, _: ('"state_key" = %s', (normal.state_key(value),)),
    "source": lambda value, _: ('"source_key" = %s', (normal.key(value),)),
    "cases": _cases,
    "gone": _gone,
    "since": lambda value, _: ('"known_since" >= %s', (_midnight(value),)),
    "told_before": lambda value, _: ('"told_at" < %s', (_midnight(value),)),
    "waiting": _waiting,
    "mine": lambda _, actor: ('"changed_by" = %s', (actor.id,)),
}
