"""`manage.py load_export PATH|URL`: take the firm's client export into the local directory. Sends nothing to Kayse."""

from __future__ import annotations

import io
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import pluralize
from django.utils import timezone

from clients_ui.export_file import NotAnExport, read
from clients_ui.load import Loaded, load
from kayse_admin.actors import Actor
from kayse_admin.audit import recorder
from kayse_admin.audit.actions import Action
from kayse_admin.audit.records import Target

MOST_NAMED = 20


class Command(BaseCommand):
    """Loads an export; rows that cannot be taken are named by their line, the others are taken."""

    help = "Load the client export (CSV, `id` first) from a file or a web address into the local directory."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """PATH or URL of the file."""
        parser.add_argument("source", metavar="PATH|URL")

    def handle(self, *args: Any, **options: Any) -> None:
        """Load, record it as one fact, and say how many rows were taken and which were not."""
        source: str = options["source"]
        try:
            with _opened(source) as (file, at):
                loaded = load(read(_text(file)), at)
        except NotAnExport as error:
            raise CommandError(str(error)) from None
        except UnicodeDecodeError:
            raise CommandError("The file is not UTF-8 text. Save it as “CSV UTF-8”.") from None
        except (OSError, URLError) as error:
            raise CommandError(f"{source} cannot be read: {error}") from None
        _record(source, loaded)
        for row in loaded.bad[:MOST_NAMED]:
            self.stderr.write(f"line {row.line}: {row.why}")
        if loaded.refused > MOST_NAMED:
            more = loaded.refused - min(MOST_NAMED, len(loaded.bad))
            self.stderr.write(f"and {more:,} more row{pluralize(more)}")
        self.stdout.write(
            f"{loaded.taken:,} client{pluralize(loaded.taken)} loaded ({loaded.added:,} new), "
            f"{loaded.refused:,} row{pluralize(loaded.refused)} refused."
        )


@contextmanager
def _opened(source: str) -> Iterator[tuple[IO[bytes], datetime]]:
    """The file, and the moment of which it tells: when it was written, or now for what is made on demand."""
    if urlsplit(source).scheme in ("http", "https"):
        at = timezone.now()
        with urlopen(source, timeout=60) as answer:  # noqa: S310  (the scheme was looked at)
            yield answer, at
        return
    path = Path(source)
    with path.open("rb") as file:
        yield file, min(datetime.fromtimestamp(path.stat().st_mtime, UTC), timezone.now())


def _text(file: IO[bytes]) -> io.TextIOWrapper:
    return io.TextIOWrapper(file, encoding="utf-8-sig", newline="")


def _record(source: str, loaded: Loaded) -> None:
    """One fact: from where, how many; never a client's data."""
    name = urlsplit(source).path.rpartition("/")[2] or source
    recorder.fact(
        Actor.system("load_export"),
        Action.DIRECTORY_LOAD,
        Target("directory", None, name),
        after={"taken": loaded.taken, "added": loaded.added, "refused": loaded.refused},
        detail=f"{loaded.taken:,} clients loaded, {loaded.added:,} of them new; {loaded.refused:,} rows refused.",
    )
