"""Judging every row of a file before anything is sent: what it would do, what is wrong with it, whom it may double.

Nothing here calls the vendor; clients are matched with the local directory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError

from clients_ui import bulk, editing, normal
from clients_ui.fields import BY_NAME, Kind, is_empty
from clients_ui.forms import LONGEST, PLAIN_READERS, READERS
from clients_ui.imports import matches
from clients_ui.imports.mapping import ID, Options
from clients_ui.imports.matches import Here
from clients_ui.imports.reading import Record
from clients_ui.imports.seen import Seen
from clients_ui.models import Client
from kayse_admin.cells import original
from kayse_admin.converters import parse_id
from kayse_admin.jobs.models import Row

BATCH = 1_000
CLEAR = "CLEAR"
UNREADABLE_MARK = "\ufffd"
UNREADABLE = f"a character in it cannot be read; it is shown as “{UNREADABLE_MARK}”."
ERROR, TWIN = "error", "twin"
LEFT = "This client was deleted at Kayse. To create them again, go back to the columns and say so there."
AGAIN = "Was deleted at Kayse, and is created again as a new client."
ALIKE = "Has the same phone or e-mail as line {}."
#: What a row has the same as a client whom it fits without a doubt but for there being several of them.
EXTERNAL = "external source and id"
#: Clients that are named where a row may be any of them.
MOST_TWINS = 5
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
    #: When the oldest of what was taken for empty was told; None as long as nothing was.
    known_from: datetime | None = field(default=None, init=False)
    _seen: Seen = field(default_factory=Seen)
    #: Place and field of the columns that are used, and what reads their cells.
    _used: list[tuple[int, str, Callable[[str], Any]]] = field(init=False)
    #: The same for rows of which no cell breaks a general rule.
    _plain: list[tuple[int, str, Callable[[str], Any] | None]] = field(init=False)

    def __post_init__(self) -> None:
        self._used = [
            (place, name, _READERS[name]) for place, name in enumerate(self.options.columns) if name
        ]
        self._plain = [(place, name, _PLAIN_READERS[name]) for place, name, _ in self._used]

    def rows(self, records: Iterable[Record]) -> Iterator[Row]:
        """A row of the ledger for each record, in order."""
        source = iter(records)
        while batch := list(islice(source, BATCH)):
            parsed = [self._parse(record) for record in batch]
            good = [one for one in parsed if one.row.flag != ERROR]
            here = matches.here(one.values for one in good)
            for one in good:
                self._match(one, here)
            self._look_for_repeats(good)
            self._look_for_twins([one for one in good if not one.row.flag])
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
        places: list[int] = []
        if not self._read_plain(cells, values):
            self._read(cells, values, wrong, places)
        if self.options.source:
            values.setdefault("external_source", self.options.source)
        one.key = normal.identity(values)
        if values.get("first_name") or values.get("last_name"):
            one.row.label = matches.name_of(values)[:200]
        if wrong:
            # Whoever has no id of any kind can only be new: what a new client lacks is told at once, too.
            is_new = not (one.key or values.get(ID) or wrong.keys() & {ID, "external_source_id"})
            return one.refuse(" ".join([*wrong.values(), *_lacks(values, wrong, is_new)]), places)
        return one

    def _read_plain(self, cells: Sequence[str], values: dict[str, Any]) -> bool:
        """Read the cells of a row that is as nearly all are, judged as a whole and not cell by cell, at half the price.

        False, with no values, where anything is out of the ordinary.
        """
        whole = "".join(cells)
        if len(whole) > LONGEST or not whole.isprintable():
            return False
        if "'" in whole or UNREADABLE_MARK in whole or CLEAR in whole:
            return False  # a mark of a spreadsheet perhaps, or what is no value
        try:
            for place, name, read in self._plain:
                if cell := cells[place].strip():
                    values[name] = read(cell) if read else cell
        except ValidationError:
            values.clear()
            return False
        return True

    def _read(
        self, cells: Sequence[str], values: dict[str, Any], wrong: dict[str, str], places: list[int]
    ) -> None:
        """Read the cells of any row: their values by field, what is wrong by field, and the columns of those."""
        for place, name, read in self._used:
            cell = cells[place]
            cell = (original(cell) if cell[:1] == "'" else cell).strip()
            if not cell:
                continue
            try:
                if UNREADABLE_MARK in cell:
                    raise ValidationError(UNREADABLE)
                values[name] = _cleared(name) if cell == CLEAR else read(cell)
            except ValidationError as error:
                wrong[name] = f"{self.header[place]}: {error.messages[0]}"
                places.append(place)

    def decided(self, record: Record, client: Client | None) -> Row:
        """One row that is about a client whom a person has named; about a new one with None."""
        one = self._parse(record)
        if one.row.flag == ERROR:
            return one.row
        pk = one.values.pop(ID, None)
        if client is not None:
            self._update(one, client, matches.here([{**one.values, ID: client.pk}]))
        elif gone := _all_gone(matches.here([{**one.values, ID: pk}]).found(pk, one.key)):
            self._again(one, gone)
        else:
            self._create(one)
        return one.row

    def _match(self, one: _Parsed, here: Here) -> None:
        pk = one.pk = one.values.pop(ID, None)
        found = here.found(pk, one.key)
        living = [client for client in found if not client.gone_at]
        is_meant = pk or self.options.match == "external"
        if pk and not found:
            one.refuse(f"Client {pk} is not known here. Open it by its id once, then import again.")
        elif living and (len(living) == 1 or self.options.mode == "create") and is_meant:
            self._update(one, living[0], here)
        elif living:
            one.row.body = {name: value for name, value in one.values.items() if value is not None}
            one.ask([(client.pk, client.name) for client in living], EXTERNAL)
        elif found and is_meant:
            self._again(one, found)
        else:
            self._create(one)

    def _again(self, one: _Parsed, gone: Sequence[Client]) -> None:
        """Somebody who was deleted at Kayse: nothing brings them back, but they can be created anew."""
        opted_out = any(client.voice_calls_opted_out for client in gone)
        if self.options.mode == "update":
            one.refuse("This client was deleted at Kayse.")
        elif self.options.deleted == "leave":
            one.refuse(LEFT)
        elif opted_out and one.values.get(editing.OPT_OUT) is False:
            one.refuse("They had opted out of calls when they were deleted at Kayse. Leave that cell empty.")
        else:
            if opted_out:
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

    def _update(self, one: _Parsed, client: Client, here: Here) -> None:
        row = one.row
        row.target, row.label = client.pk, client.name[:200]
        if self.options.mode == "create":
            row.outcome, row.reason = Row.Outcome.UNCHANGED, "Known here already; this import only creates."
            return
        now = client.known()
        changes = self._changes(one, client, now)
        after = {**now, **changes}
        is_renamed = normal.identity(after) != normal.identity(now)
        one.key = normal.identity(after) if is_renamed else None  # what this row gives to somebody
        if changes.get(editing.OPT_OUT) is False and not self.may_opt_in:
            one.refuse("This takes back an opt-out from calls, which needs an administrator.")
            return
        if not changes:
            row.outcome, row.reason = Row.Outcome.UNCHANGED, "Everything is as it is known here."
            return
        if is_renamed and (other := here.other_than(client, after)):
            one.refuse(f"Client {other.pk} has this external source and id.")
            return
        row.body, row.before = changes, {name: now[name] for name in changes if name in now}
        bulk.noting_opt_out(row, client)

    def _changes(self, one: _Parsed, client: Client, now: Mapping[str, Any]) -> dict[str, Any]:
        changes = {
            name: value
            for name, value in one.values.items()
            if self._writes(name, now, client) and editing.has_to_be_sent(name, value, now)
        }
        for place, name, _ in self._used:
            # Spaces at the ends of a cell are nothing that anybody meant, unless they are known to be there.
            if name in changes and now.get(name) in (
                (cell := one.row.source["cells"][place]),
                original(cell),
            ):
                del changes[name]
        return changes

    def changes(self, record: Record, client: Client) -> dict[str, Any]:
        """What a row would change if it were about this client: the new values by field. Asks nobody."""
        one = self._parse(record)
        one.values.pop(ID, None)
        if one.row.flag == ERROR or self.options.mode == "create":
            return {}
        return self._changes(one, client, client.known())

    def _writes(self, name: str, now: Mapping[str, Any], client: Client) -> bool:
        policy = self.options.policy(name)
        if policy != "if_empty":
            return policy == "always"
        told_at = client.age(name)
        if told_at is None or not is_empty(now[name]):
            return False
        self.known_from = min(told_at, self.known_from or told_at)
        return True

    def _look_for_repeats(self, good: Sequence[_Parsed]) -> None:
        """Refuse rows about a client whom an earlier row is about, or with an external id that an earlier row has."""
        lines = [one.row.line for one in good]
        keys = self._seen.earlier([one.key for one in good], lines)
        ids = [one.row.target or one.pk for one in good]
        clients = self._seen.earlier([pk and (ID, pk) for pk in ids], lines)
        if not (any(keys) or any(clients)):
            return  # as nearly always
        for one, key, client in zip(good, keys, clients, strict=True):
            if key:
                one.refuse(f"The same external id is on line {key} already.")
            elif client:
                one.refuse(f"The same client is on line {client} already.")

    def _look_for_twins(self, good: Sequence[_Parsed]) -> None:
        """Mark new rows that may be somebody who is known, or who is in the file twice: a person decides."""
        region = settings.PHONE_REGION
        self._note_changes([one.row for one in good if one.row.target])
        created = [one for one in good if not one.row.target]
        mails = [normal.email_key(one.values.get("email")) for one in created]
        phones = [normal.phone_key(one.values.get("mobile"), region) for one in created]
        found = matches.twins(set(mails) - {""}, set(phones) - {""})
        lines = [one.row.line for one in created]
        # No address is a number: neither needs to say which of them it is.
        same_mail, same_phone = self._seen.earlier(mails, lines), self._seen.earlier(phones, lines)
        if not (found or any(same_mail) or any(same_phone)):
            return  # nobody is like any of them, as nearly always
        for one, mail, phone, *first_lines in zip(created, mails, phones, same_mail, same_phone, strict=True):
            by_mail, by_phone = found.get(("email", mail), []), found.get(("phone", phone), [])
            first = first_lines[0] or first_lines[1]
            if alike := dict([*by_mail, *by_phone]):
                kinds = [
                    word
                    for word, theirs in (("e-mail address", by_mail), ("phone number", by_phone))
                    if theirs
                ]
                one.ask(list(alike.items()), " or ".join(kinds))
            elif first:
                one.ask([], "")
                one.row.reason = ALIKE.format(first)

    def _note_changes(self, rows: Sequence[Row]) -> None:
        """Note the addresses and numbers that rows give to known clients."""
        lines = [row.line for row in rows]
        self._seen.earlier([normal.email_key(row.body.get("email")) for row in rows], lines)
        self._seen.earlier(
            [normal.phone_key(row.body.get("mobile"), settings.PHONE_REGION) for row in rows], lines
        )


@dataclass(slots=True)
class _Parsed:
    """A row under way: its values by field."""

    row: Row
    values: dict[str, Any]
    #: External source and id as they are compared, of a new client or as they are changed; None for neither.
    key: tuple[str, str] | None = None
    #: The Kayse id in the row.
    pk: int | None = None

    def refuse(self, why: str, places: Sequence[int] = ()) -> _Parsed:
        """The row cannot be sent; `places` are the columns that are wrong."""
        self.row.flag, self.row.outcome, self.row.reason = ERROR, Row.Outcome.FAILED, why[:500]
        self.row.body, self.row.before = {}, None
        if places:
            self.row.source["places"] = list(places)
        return self

    def ask(self, alike: Sequence[tuple[int, str]], same: str) -> None:
        """A person decides whether it is one of these clients (id and name), who have the `same` of something."""
        row = self.row
        row.flag, row.outcome = TWIN, Row.Outcome.FAILED
        if not alike:
            return
        row.source = {**(row.source or {}), "twins": [pk for pk, _ in alike[:MOST_TWINS]], "same": same}
        names = [f"{name} (ID {pk})" for pk, name in alike[:MOST_TWINS]]
        if (more := len(alike) - MOST_TWINS) > 0:
            names.append(f"{more:,} other{'' if more == 1 else 's'}")
        has = "has" if len(alike) == 1 else "have"
        row.reason = f"May be {' or '.join(names)}, who {has} the same {same}."[:500]


def _all_gone(found: Sequence[Client]) -> Sequence[Client]:
    """These clients if all of them were deleted at Kayse, else none."""
    return found if all(client.gone_at for client in found) else ()


_REQUIRED = tuple(name for name, field in BY_NAME.items() if field.required)


def _lacks(values: Mapping[str, Any], wrong: Collection[str] = (), is_new: bool = True) -> list[str]:
    """A sentence about what a new client needs and has not; fields that are `wrong` are there."""
    if not is_new or all(map(values.get, _REQUIRED)):
        return []  # nothing is missing, as nearly always
    missing = [name for name in _REQUIRED if is_empty(values.get(name)) and name not in wrong]
    if not missing:
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
_PLAIN_READERS: Mapping[str, Callable[[str], Any] | None] = {
    **PLAIN_READERS,
    ID: _kayse_id,
    editing.OPT_OUT: _opt_out,
}


def count(row: Row, counts: Counter[str]) -> Row:
    """Count what a checked row would do, and hand it on."""
    counts["rows"] += 1
    if row.flag == TWIN:
        counts["twins"] += 1
    elif row.flag == ERROR:
        counts["errors"] += 1
        if row.reason == LEFT:
            counts["deleted"] += 1
    elif row.outcome:
        counts["unchanged"] += 1
    else:
        counts["updates" if row.target else "creates"] += 1
        if row.reason == AGAIN:
            counts["again"] += 1
        opted = row.body.get(editing.OPT_OUT)
        if row.target and opted is not None and (row.before or {}).get(editing.OPT_OUT) is not opted:
            counts["opt_outs" if opted else "opt_ins"] += 1
    return row
