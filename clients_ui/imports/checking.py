"""Judging every row of a file before anything is sent: what it would do, what is wrong with it, whom it may double.

Nothing here calls the vendor; clients are matched with the local directory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from django.conf import settings

from clients_ui import bulk, editing, normal
from clients_ui.fields import is_empty
from clients_ui.imports import matches
from clients_ui.imports.mapping import ID, Options
from clients_ui.imports.matches import Here
from clients_ui.imports.models import ERROR, TWIN
from clients_ui.imports.parsing import Parsed, Parser, lacks
from clients_ui.imports.reading import Record
from clients_ui.imports.seen import Seen
from clients_ui.models import Client
from kayse_admin.cells import original
from kayse_admin.jobs.models import Row

BATCH = 1_000
LEFT = "This client was deleted at Kayse. To create them again, go back to the columns and say so there."
AGAIN = "Was deleted at Kayse, and is created again as a new client."
ALIKE = "Has the same phone or e-mail as line {}."
#: What a row has the same as a client whom it fits without a doubt but for there being several of them.
EXTERNAL = "external source and id"


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
    _parser: Parser = field(init=False)

    def __post_init__(self) -> None:
        self._parser = Parser(self.options, self.header)

    def rows(self, records: Iterable[Record]) -> Iterator[Row]:
        """A row of the ledger for each record, in order."""
        source = iter(records)
        while batch := list(islice(source, BATCH)):
            parsed = [self._parser.parse(record) for record in batch]
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

    def decided(self, record: Record, client: Client | None) -> Row:
        """One row that is about a client whom a person has named; about a new one with None."""
        one = self._parser.parse(record)
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

    def _match(self, one: Parsed, here: Here) -> None:
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

    def _again(self, one: Parsed, gone: Sequence[Client]) -> None:
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

    def _create(self, one: Parsed) -> None:
        if self.options.mode == "update":
            one.refuse("Nobody known here matches, and this import only updates.")
            return
        if why := lacks(one.values):
            one.refuse(why[0])
            return
        one.row.body = {name: value for name, value in one.values.items() if value is not None}

    def _update(self, one: Parsed, client: Client, here: Here) -> None:
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

    def _changes(self, one: Parsed, client: Client, now: Mapping[str, Any]) -> dict[str, Any]:
        changes = {
            name: value
            for name, value in one.values.items()
            if self._writes(name, now, client) and editing.has_to_be_sent(name, value, now)
        }
        for place, name, _ in self._parser.used:
            # Spaces at the ends of a cell are nothing that anybody meant, unless they are known to be there.
            if name in changes and now.get(name) in (
                (cell := one.row.source["cells"][place]),
                original(cell),
            ):
                del changes[name]
        return changes

    def changes(self, record: Record, client: Client) -> dict[str, Any]:
        """What a row would change if it were about this client: the new values by field. Asks nobody."""
        one = self._parser.parse(record)
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

    def _look_for_repeats(self, good: Sequence[Parsed]) -> None:
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

    def _look_for_twins(self, good: Sequence[Parsed]) -> None:
        """Mark new rows that may be somebody who is known, or who is in the file twice: a person decides."""
        changed, created = ([one for one in good if bool(one.row.target) is known] for known in (True, False))
        self._note_contacts([one.row.line for one in changed], *_contacts(one.row.body for one in changed))
        mails, phones = _contacts(one.values for one in created)
        found = matches.twins(set(mails) - {""}, set(phones) - {""})
        same_mail, same_phone = self._note_contacts([one.row.line for one in created], mails, phones)
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

    def _note_contacts(
        self, lines: Sequence[int], mails: Sequence[str], phones: Sequence[str]
    ) -> tuple[list[int | None], list[int | None]]:
        """For each address and each number the earlier line that has it, too. Notes them all.

        No address is a number: neither needs to say which of them it is.
        """
        return self._seen.earlier(mails, lines), self._seen.earlier(phones, lines)


def _contacts(told: Iterable[Mapping[str, Any]]) -> tuple[list[str], list[str]]:
    """E-mail addresses and phone numbers as they are compared, "" for none."""
    rows, region = list(told), settings.PHONE_REGION
    mails = [normal.email_key(one.get("email")) for one in rows]
    return mails, [normal.phone_key(one.get("mobile"), region) for one in rows]


def _all_gone(found: Sequence[Client]) -> Sequence[Client]:
    """These clients if all of them were deleted at Kayse, else none."""
    return found if all(client.gone_at for client in found) else ()


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
