"""Drafts of the builder: kept on the server for each person while they type, until they save the list or discard it.

They come with the request that updates the summary, so they cost nothing, and another browser finds them.
"""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.http import QueryDict
from django.template.defaultfilters import pluralize
from django.utils import timezone

from caselists_ui.forms import DefinitionForm
from caselists_ui.known import Known
from caselists_ui.models import Draft, Version
from kayse_admin.actors import Actor
from kayse_admin.audit import queries
from kayse_admin.converters import parse_id
from kayse_admin.templatetags.ui import moment

#: The newest drafts of a person that are kept, how long, and how many characters one may have.
MOST, KEPT, LONGEST = 20, timedelta(days=60), 600_000
#: How many newer versions of its list an old draft names.
MOST_TOLD = 5
#: What belongs to one opening of the form, or is a yes that has to be said again.
_LEFT_OUT = frozenset({"operation", "draft", "base", "typed_name", "understood", "decided"})
_UNSTORABLE = re.compile("[\ud800-\udfff\0]")


def of(actor: Actor) -> list[Draft]:
    """The drafts of a person, newest first."""
    since = timezone.now() - KEPT
    return list(Draft.objects.filter(owner_id=actor.id or 0, at__gte=since).order_by("-at").defer("fields"))


def one(actor: Actor, pk: UUID) -> Draft | None:
    """A draft of this person; nobody else's."""
    return Draft.objects.filter(pk=pk, owner_id=actor.id or 0).first()


def keep(actor: Actor, form: DefinitionForm, list_id: int | None) -> Draft | None:
    """Keep a form that was sent, valid or not; None when there is nothing to keep.

    A form whose list was saved meanwhile is not kept: its last preview may arrive behind its save.
    """
    assert isinstance(form.data, QueryDict)
    pk, operation = form.cleaned_data.get("draft"), form.cleaned_data.get("operation")
    values = {name: form.data.getlist(name) for name in form.fields if name not in _LEFT_OUT}
    fields = {
        name: texts for name, given in values.items() if any(texts := [_UNSTORABLE.sub("", t) for t in given])
    }
    if pk is None or actor.id is None or sum(len(t) for texts in fields.values() for t in texts) > LONGEST:
        return None
    if operation is not None and queries.one(operation):
        return None
    told = {
        "list_id": list_id,
        "base": str(form.cleaned_data.get("base", "")),
        "name": " ".join(fields.get("name", [""]))[:255],
        "fields": fields,
        "at": timezone.now(),
    }
    mine = Draft.objects.filter(pk=pk, owner_id=actor.id)
    if not fields:
        mine.delete()
    elif not mine.update(**told):
        try:
            with transaction.atomic():
                Draft.objects.create(pk=pk, owner_id=actor.id, **told)
        except IntegrityError:
            return None  # the id of somebody else's draft
        _sweep(actor.id)
    return mine.first()


def opened(draft: Draft) -> QueryDict:
    """The draft as a form that is sent, for a new opening of the builder."""
    data = QueryDict(mutable=True)
    for name, texts in draft.fields.items():
        data.setlist(name, texts)
    data["draft"], data["base"] = str(draft.pk), draft.base
    return data


def newer_words(draft: Draft, known: Known) -> str:
    """What became of the draft's list since: "Since then: version 2 (Mona, 14:32)."; "" if not known.

    Changes of members since the version are counted; a list whose definition is not known here has no versions.
    """
    number, steps, *_ = (*draft.base.split("."), "")
    newer = list(
        Version.objects.filter(case_list=draft.list_id, number__gt=parse_id(number) or 0).order_by("-number")
    )
    told = [f"version {one.number} ({one.author_name}, {moment(one.at)})" for one in newer[:MOST_TOLD]]
    if len(newer) > MOST_TOLD:
        told.append(f"{len(newer) - MOST_TOLD} older")
    changes = len(known.steps) - (0 if newer else parse_id(steps) or 0)
    if changes > 0:
        told.append(f"{changes} change{pluralize(changes)} of members")
    return f"Since then: {', '.join(told)}. " if told else ""


def discard(actor: Actor, pk: UUID | None) -> None:
    """Forget a draft of this person, if there is one."""
    if pk is not None:
        Draft.objects.filter(pk=pk, owner_id=actor.id or 0).delete()


def _sweep(owner_id: int) -> None:
    """Forget what is old, or more than a person can want."""
    mine = Draft.objects.filter(owner_id=owner_id)
    newest = list(mine.order_by("-at").values_list("pk", flat=True)[:MOST])
    mine.exclude(pk__in=newest).delete()
    mine.filter(at__lt=timezone.now() - KEPT).delete()
