"""`manage.py import_clients FILE`: the import of the browser without a browser, of any size, with the same ledger."""

from __future__ import annotations

import getpass
import signal
import uuid
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import pluralize
from tqdm import tqdm

from clients_ui.fields import BY_NAME
from clients_ui.imports import mapping, services
from clients_ui.imports.check_page import sentence
from clients_ui.imports.decoding import NotACsv
from clients_ui.imports.mapping import ID, Options
from clients_ui.imports.models import OPEN, Import
from kayse_admin.accounts.roles import Capability, granted, label_of
from kayse_admin.actors import Actor
from kayse_admin.jobs import ending, ledger, planning, runner
from kayse_admin.jobs.models import Job, Row
from kayse_admin.templatetags.ui import moment

MOST_NAMED = 20
#: Files may be larger here than in the browser.
ANY_ROWS, ANY_BYTES = 10_000_000, 10**11


#: Who looks at a file without an account.
NOBODY = Actor(None, "Dry run", role="System", capabilities=frozenset({Capability.CLIENTS_EDIT}))


NOTHING = "There is nothing to send."


class Refused(Exception):
    """The file is not imported; the message says why."""


class Command(BaseCommand):
    """Checks every row, tells the plan, and unless it is a dry run sends the rows and shows how far it is."""

    help = "Import clients from a CSV file; what the hourly budget does not allow now goes on in a worker."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """FILE, whose account it runs under, and the choices that the browser would ask for."""
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--user", help="account in whose name it is done; yours here by default, and none for a dry run"
        )
        parser.add_argument(
            "--map", action="append", default=[], metavar="COLUMN=FIELD", help="may be repeated"
        )
        parser.add_argument("--mode", choices=list(mapping.MODES))
        parser.add_argument("--match", choices=list(mapping.MATCHES))
        parser.add_argument(
            "--deleted",
            choices=list(mapping.DELETED),
            default="leave",
            help="rows of clients who were deleted at Kayse: left out, or created anew",
        )
        parser.add_argument("--source", default="", help="external source of all rows")
        parser.add_argument("--reason", default="")
        parser.add_argument("--again", action="store_true", help="import a file that was imported before")
        parser.add_argument("--dry-run", action="store_true", help="check and tell the plan, send nothing")
        parser.add_argument("--no-wait", action="store_true", help="leave the sending to the workers")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run; errors of the file are one sentence."""
        dry = options["dry_run"]
        actor = NOBODY if dry and not options["user"] else _actor(options["user"] or getpass.getuser())
        try:
            kept = services.keep(actor, options["file"].name, _pieces(options["file"]), most=ANY_BYTES)
        except NotACsv as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"{error.strerror}: {options['file']}") from None
        try:
            chosen = _options(kept, options)
            job = services.check(actor, kept, chosen, most=ANY_ROWS, remember=not dry)
            self._tell(kept, job, chosen)
            begun = not dry and _start(actor, kept, options)
        except (NotACsv, Refused) as error:
            raise CommandError(str(error)) from None
        finally:
            services.forget(kept)
        if begun and not options["no_wait"]:
            self._send(job)
        elif not begun and not dry:
            self.stdout.write(NOTHING)

    def _tell(self, kept: Import, job: Job, options: Options) -> None:
        if left_out := [
            column for column, name in zip(kept.header, options.columns, strict=True) if not name
        ]:
            self.stdout.write(f"Left out: {', '.join(left_out)}.")
        bad = Row.objects.filter(job=job, flag__in=OPEN)
        for row in bad.order_by("number")[:MOST_NAMED]:
            self.stderr.write(f"line {row.line}: {row.reason}")
        counts = kept.counts or {}
        plan = planning.plan_rows(counts.get("creates", 0) + counts.get("updates", 0))
        self.stdout.write(f"{sentence(counts)}.")
        rows = f"{plan.rows:,} row{pluralize(plan.rows)}"
        requests = f"{plan.requests} request{pluralize(plan.requests)}"
        left = f"leaves {plan.leaves:,} of the requests of this hour"
        self.stdout.write(f"{rows}, {requests}, {left}, done about {moment(plan.done_at)}.")

    def _send(self, job: Job) -> None:
        """Serve until nothing is due; what waits for the hour goes on in a worker."""
        with tqdm(total=job.total, unit=" rows", disable=None) as bar, _ending_behind_the_request():
            runner.serve(lambda: bar.update(ledger.tally(job).settled - bar.n))
            bar.update(ledger.tally(job).settled - bar.n)
        job.refresh_from_db()
        told = f"{ending.summary(job)}. {job.get_state_display()}{f': {job.note}' if job.note else ''}."
        if job.state == Job.State.PAUSED:
            raise CommandError(told)
        self.stdout.write(told)
        if job.is_active:
            self.stdout.write(f"A worker goes on with it; /jobs/{job.pk}/ is its page.")


@contextmanager
def _ending_behind_the_request() -> Iterator[None]:
    """Ctrl-C and SIGTERM wait until the request under way is answered: cut short, nobody would know its outcome."""
    before = {
        number: signal.signal(number, lambda *_: runner.ending_soon.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_nothing(kept: Import) -> bool:
    """Whether no row has to be sent. Raises `Refused` where none could be taken."""
    counts = kept.counts or {}
    if counts.get("creates") or counts.get("updates"):
        return False
    if not counts.get("unchanged"):
        raise Refused(NOTHING)
    return True


def _start(actor: Actor, kept: Import, options: dict[str, Any]) -> bool:
    """Start the job; False when there is nothing to send. Raises `Refused`."""
    same = services.same_file(kept)
    if same and not options["again"]:
        raise Refused(f"The same file was imported before, by {same.owner_name}. Say --again to do it again.")
    if (kept.counts or {}).get("opt_ins") and not options["reason"].strip():
        raise Refused("This file takes back opt-outs from calls: say why, with --reason.")
    if _is_nothing(kept):
        return False
    services.start(actor, kept, uuid.uuid4(), options["reason"])
    return True


def _actor(name: str) -> Actor:
    person = get_user_model().objects.filter(username=name, is_active=True).first()
    if person is None:
        raise CommandError(f"There is no account “{name}”. Say in whose name this is done, with --user.")
    groups = list(person.groups.values_list("name", flat=True))
    actor = Actor(person.pk, person.display_name, role=label_of(groups), capabilities=granted(groups))
    if not actor.can("clients_edit"):
        raise CommandError(f"“{name}” may not change clients.")
    return actor


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(services.PIECE):
            yield piece


def _options(kept: Import, given: dict[str, Any]) -> Options:
    """The choices as guessed or remembered, with what was said on the command line."""
    guessed = mapping.guess(kept.header)
    columns = list(guessed.columns)
    for pair in given["map"]:
        column, equals, name = pair.partition("=")
        if not equals:
            raise CommandError(
                f"Say --map {pair}=FIELD; without a field behind the = the column is left out."
            )
        if column not in kept.header:
            raise CommandError(f"There is no column “{column}”. The file has: {', '.join(kept.header)}.")
        if name and name != ID and name not in BY_NAME:
            raise CommandError(f"There is no field “{name}”. Fields: {', '.join([ID, *BY_NAME])}.")
        columns[kept.header.index(column)] = name
    options = Options(
        tuple(columns),
        given["mode"] or guessed.mode,
        given["match"] or guessed.match,
        guessed.policies,
        given["source"] or guessed.source,
        given["deleted"],
    )
    if problems := mapping.problems(options):
        raise CommandError(" ".join(problems))
    return options
