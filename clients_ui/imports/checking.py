"""Judging every row of a file before anything is sent: what it would do, what is wrong with it, whom it may double.

Nothing here calls the vendor; clients are matched with the local directory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import F

from clients_ui import bulk, editing, normal
from clients_ui.fields import BY_NAME, Kind, is_empty
from clients_ui.forms import READERS
from clients_ui.imports.mapping import ID, Options
from clients_ui.imports.reading import Record
from clients_ui.imports.seen import Seen
from clients_ui.models import Client
from kayse_admin.among import Among
from kayse_admin.cells import original
from kayse_admin.converters import parse_id
from kayse_admin.jobs.models import Row

BATCH = 1_000
CLEAR = "CLEAR"
ERROR, TWIN = "error", "twin"
LEFT = "This client was deleted at Kayse. To create them again, go back to the columns and say so there."
AGAIN = "Was deleted at Kayse, and is created again as a new client."
_FLAGS = {
    **dict.fromkeys(("true", "t", "1", "yes", "y"), True),
    **dict.fromkeys(("false", "f", "0", "no", "n"), False),
}


@dataclass(slots=True)
class Checker:
    """Checks the rows of one file against each other and against the directory.

    `may_opt_in`: whether whoever imports may take back an opt-out from calls.
    """

    options: Options
    header: Sequence[str]
    may_opt_in: bool
    _seen: Seen = field(default_factory=Seen)
    #: Place and field of the columns that are used, and what reads their cells.
    _used: list[tuple[int, str, Callable[[str], Any]]] = field(init=False)

    def __post_init__(self) -> None:
        self._used = [
            (place, name, _READERS[name]) for place, name in enumerate(self.options.columns) if name
        ]

    def rows(self, records: Iterable[Record]) -> Iterator[Row]:
        """A row of the ledger for each record, in order."""
        source = iter(records)
        while batch := list(islice(source, BATCH)):
            parsed = [self._parse(record) for record in batch]
            good = [one for one in parsed if one.row.flag != ERROR]
            known = _known(self.options, good)
            again = self._seen.earlier([one.identity for one in good], [one.row.line for one in good])
            for one, line in zip(good, again, strict=True):
                self._match(one, known, line)
            self._look_for_twins([one for one in parsed if not one.row.flag and not one.row.target])
            for one in parsed:
                if one.row.flag not in (ERROR, TWIN):
                    one.row.source = None  # nobody looks at the cells of a good row again
                yield one.row

    def _parse(self, record: Record) -> _Parsed:
        cells = record.cells
        values: dict[str, Any] = {}
        one = _Parsed(Row.light(line=record.line, source={"cells": cells}), values)
        if record.problem:
            return one.refuse(record.problem)
        wrong: dict[str, str] = {}
        places = []
        for place, name, read in self._used:
            cell = cells[place]
            cell = (original(cell) if cell[:1] == "'" else cell).strip()
            if not cell:
                continue
            try:
                values[name] = _cleared(name) if cell == CLEAR else read(cell)
            except ValidationError as error:
                wrong[name] = f"{self.header[place]}: {error.messages[0]}"
                places.append(place)
        if self.options.source:
            values.setdefault("external_source", self.options.source)
        one.key = normal.external(values)
        if wrong:
            # Whoever has no id of any kind can only be new: what a new client lacks is told at once, too.
            is_new = not (one.key or values.get(ID) or wrong.keys() & {ID, "external_source_id"})
            return one.refuse(" ".join([*wrong.values(), *_lacks(values, wrong, is_new)]), places)
        one.row.label = _name(values)[:200]
        return one

    def _match(self, one: _Parsed, known: _Known, again: int | None) -> None:
        pk, key = one.values.pop(ID, None), one.key
        if again:
            one.refuse(f"The same {'id' if pk else 'external id'} is on line {again} already.")
            return
        client = known.by_id.get(pk) if pk else known.by_key.get(key) if key else None
        if pk and client is None:
            one.refuse(f"Client {pk} is not known here. Open it by its id once, then import again.")
        elif client is not None and client.gone_at:
            self._again(one, client)
        elif client is not None:
            self._update(one, client)
        else:
            self._create(one)

    def _again(self, one: _Parsed, gone: Client) -> None:
        """Somebody who was deleted at Kayse: nothing brings them back, but they can be created anew."""
        if self.options.mode == "update":
            one.refuse("This client was deleted at Kayse.")
        elif self.options.deleted == "leave":
            one.refuse(LEFT)
        elif gone.voice_calls_opted_out and one.values.get(editing.OPT_OUT) is False:
            one.refuse("They had opted out of calls when they were deleted at Kayse. Leave that cell empty.")
        else:
            if gone.voice_calls_opted_out:
                one.values[editing.OPT_OUT] = True  # that they were deleted is no word of theirs about calls
            one.row.reason = AGAIN
            self._create(one)

    def _create(self, one: _Parsed) -> None:
        if self.options.mode == "update":
            one.refuse("Nobody known here matches, and this import only updates.")
            return
        if why := _lacks(one.values):
            one.refuse(why[0])
            return
        one.row.body = {name: value for name, value in one.values.items() if value is not None}

    def _update(self, one: _Parsed, client: Client) -> None:
        row = one.row
        row.target, row.label = client.pk, client.name[:200]
        if self.options.mode == "create":
            row.outcome, row.reason = Row.Outcome.UNCHANGED, "Known here already; this import only creates."
            return
        now = client.known()
        changes = {
            name: value
            for name, value in one.values.items()
            if self._writes(name, now) and not (name in now and editing.same(name, value, now[name]))
        }
        if changes.get(editing.OPT_OUT) is False and not self.may_opt_in:
            one.refuse("This takes back an opt-out from calls, which needs an administrator.")
            return
        if not changes:
            row.outcome, row.reason = Row.Outcome.UNCHANGED, "Everything is as it is known here."
            return
        row.body, row.before = changes, {name: now[name] for name in changes if name in now}
        bulk.noting_opt_out(row, client)

    def _writes(self, name: str, now: Mapping[str, Any]) -> bool:
        policy = self.options.policy(name)
        if policy == "if_empty":
            return name in now and is_empty(now[name])
        return policy == "always"

    def _look_for_twins(self, created: Sequence[_Parsed]) -> None:
        """Mark new rows that may be somebody who is known, or who is in the file twice: a person decides."""
        region = settings.PHONE_REGION
        mails = [normal.email_key(one.values.get("email")) for one in created]
        phones = [normal.phone_key(one.values.get("mobile"), region) for one in created]
        found = _twins(set(mails) - {""}, set(phones) - {""})
        lines = [one.row.line for one in created]
        same_mail = self._seen.earlier([mail and f"mail {mail}" for mail in mails], lines)
        same_phone = self._seen.earlier([phone and f"phone {phone}" for phone in phones], lines)
        for one, mail, phone, *first_lines in zip(created, mails, phones, same_mail, same_phone, strict=True):
            alike = found.get(("email", mail)) or found.get(("phone", phone))
            first = first_lines[0] or first_lines[1]
            if alike:
                one.row.reason = f"May be {alike[1]} (ID {alike[0]}), who has the same {alike[2]}."
                one.row.source["twin"] = alike[0]
            elif first:
                one.row.reason = f"Has the same phone or e-mail as line {first}."
            if alike or first:
                one.row.flag, one.row.outcome = TWIN, Row.Outcome.FAILED


@dataclass(slots=True)
class _Parsed:
    """A row under way: its values by field."""

    row: Row
    values: dict[str, Any]
    #: External source and id as they are compared; None without an id.
    key: tuple[str, str] | None = None

    @property
    def identity(self) -> str:
        """What no two rows of a file may share; "" for a row that has none."""
        pk = self.values.get(ID)
        return f"id {pk}" if pk else f"ext {self.key}" if self.key else ""

    def refuse(self, why: str, places: Sequence[int] = ()) -> _Parsed:
        """The row cannot be sent; `places` are the columns that are wrong."""
        self.row.flag, self.row.outcome, self.row.reason = ERROR, Row.Outcome.FAILED, why[:500]
        self.row.body, self.row.before = {}, None
        if places:
            self.row.source["places"] = list(places)
        return self


@dataclass(frozen=True, slots=True)
class _Known:
    by_id: dict[int, Client]
    by_key: dict[tuple[str, str] | None, Client]


_REQUIRED = tuple(name for name, field in BY_NAME.items() if field.required)


def _lacks(values: Mapping[str, Any], wrong: Collection[str] = (), is_new: bool = True) -> list[str]:
    """A sentence about what a new client needs and has not; fields that are `wrong` are there."""
    missing = [name for name in _REQUIRED if is_empty(values.get(name)) and name not in wrong]
    if not is_new or not missing:
        return []
    return [f"A new client needs: {', '.join(BY_NAME[name].label for name in missing)}."]


def _kayse_id(cell: str) -> int:
    found = parse_id(cell)
    if found is None:
        raise ValidationError("A Kayse id is a whole number from 1.")
    return found


def _opt_out(cell: str) -> bool:
    if cell.lower() not in _FLAGS:
        raise ValidationError("Write yes or no.")
    return _FLAGS[cell.lower()]


def _cleared(name: str) -> list[int] | None:
    if name in _REQUIRED or name in (ID, editing.OPT_OUT):
        raise ValidationError("This field cannot be cleared.")
    return [] if BY_NAME[name].kind is Kind.IDS else None


#: What reads the cells of a field: it raises ValidationError with a sentence.
_READERS: Mapping[str, Callable[[str], Any]] = {**READERS, ID: _kayse_id, editing.OPT_OUT: _opt_out}


def _known(options: Options, parsed: Sequence[_Parsed]) -> _Known:
    """The clients that these rows match, in two queries."""
    ids = {one.values[ID] for one in parsed if one.values.get(ID)}
    by_id = {client.pk: client for client in Client.objects.filter(Among("id", ids))}
    by_key: dict[tuple[str, str] | None, Client] = {}
    keys = {one.key[1] for one in parsed if one.key and not one.values.get(ID)}
    if options.match != "none":
        # The last one counts: whoever is there before whoever was deleted, and the older one of two.
        deleted_first = F("gone_at").asc(nulls_last=True)
        for client in Client.objects.filter(Among("external_key", keys)).order_by(deleted_first, "-id"):
            by_key[normal.external(vars(client))] = client
    return _Known(by_id, by_key)


def _twins(mails: set[str], phones: set[str]) -> dict[tuple[str, str], tuple[int, str, str]]:
    """Known clients by e-mail and by phone: id, name, what is the same."""
    found: dict[tuple[str, str], tuple[int, str, str]] = {}
    columns = ("id", "first_name", "last_name")
    here = Client.objects.filter(gone_at=None)
    for pk, first, last, key in here.filter(Among("email_key", mails)).values_list(*columns, "email_key"):
        found[("email", key)] = (pk, _name({"first_name": first, "last_name": last}), "e-mail address")
    for pk, first, last, key in here.filter(Among("phone_key", phones)).values_list(*columns, "phone_key"):
        found[("phone", key)] = (pk, _name({"first_name": first, "last_name": last}), "phone number")
    return found


def _name(values: Mapping[str, Any]) -> str:
    return " ".join(filter(None, (values.get("first_name"), values.get("last_name")))) or "somebody"


def count(row: Row, counts: Counter[str]) -> Row:
    """Count what a checked row would do, and hand it on."""
    counts["rows"] += 1
    if row.flag == TWIN:
        counts["twins"] += 1
    elif row.flag == ERROR:
        counts["errors"] += 1
        if row.reason == LEFT:
            counts["deleted"] += 1
    elif row.outcome == Row.Outcome.UNCHANGED:
        counts["unchanged"] += 1
    elif row.outcome == "":
        counts["updates" if row.target else "creates"] += 1
        if row.reason == AGAIN:
            counts["again"] += 1
        opted = row.body.get("voice_calls_opted_out")
        if row.target and opted is not None:
            counts["opt_outs" if opted else "opt_ins"] += 1
    return row
