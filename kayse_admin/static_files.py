"""Static files as they are served: hashed, compressed, one style sheet for one request, no comments."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from django.core.files.base import ContentFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

STYLE_SHEET = "css/app.css"
#: What every page loads, and what those load in its place that hold forms, or tables with rows to pick.
SCRIPTS = ("js/app.js", "js/forms.js", "js/tables.js", "js/all.js")
IMPORT = re.compile(r'@import "([\w-]+\.css)";')
SCRIPT_IMPORT = re.compile(r'^import (?:.* from )?"\./([\w-]+\.js)";$', re.MULTILINE)
Read = Callable[[str], str]


def style_sheet(read: Read) -> str:
    """The style sheet with its `@import` lines replaced by those files, without comments and indentation.

    `read(name)` returns the text of a static file. People keep five sources, the browser gets one answer.
    """
    text = IMPORT.sub(lambda found: read(f"css/{found[1]}"), read(STYLE_SHEET))
    return re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)).strip() + "\n"


def script(read: Read, name: str = SCRIPTS[0]) -> str:
    """A script in which each file that it imports stands itself, once: one request a page.

    Without whole-line comments and indentation; the code itself is served as it is written. The sources are modules,
    so that they run as they are where nothing is collected, and no name may be in two of them.
    """
    seen: set[str] = set()

    def whole(part: str) -> str:
        if part in seen:
            return ""
        seen.add(part)
        return SCRIPT_IMPORT.sub(lambda found: whole(f"js/{found[1]}"), read(part))

    text = re.sub(r"^export (?=const )", "", whole(name), flags=re.MULTILINE)
    return re.sub(r"^\s*(//.*\n)?", "", text, flags=re.MULTILINE)


class StaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # it has no types
    """Writes the style sheet and the scripts at collectstatic, before files are hashed and compressed."""

    def post_process(
        self, paths: dict[str, tuple[Any, str]], dry_run: bool = False, **options: Any
    ) -> Iterator[tuple[str, str | None, bool | Exception]]:
        def read(name: str) -> str:
            storage, path = paths[name]
            with storage.open(path) as file:
                return str(file.read().decode())

        scripts = {name: script(read, name) for name in SCRIPTS}
        written = {} if dry_run else {STYLE_SHEET: style_sheet(read), **scripts}
        for name, text in written.items():
            self.delete(name)
            self.save(name, ContentFile(text.encode()))
        ours = dict.fromkeys(written, self)
        paths = {name: (ours.get(name, storage), path) for name, (storage, path) in paths.items()}
        yield from super().post_process(paths, dry_run=dry_run, **options)
