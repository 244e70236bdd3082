"""Static files as they are served: hashed, compressed, and one style sheet instead of five requests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.core.files.base import ContentFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

STYLE_SHEET = "css/app.css"
IMPORT = re.compile(r'@import "([\w-]+\.css)";')


def join(read: Any, name: str = STYLE_SHEET) -> str:
    """The style sheet with its `@import` lines replaced by those files, without comments and indentation.

    `read(name)` returns the text of a static file. The sources stay apart for people, the browser gets one answer.
    """
    folder = name.rpartition("/")[0]
    text = IMPORT.sub(lambda found: read(f"{folder}/{found[1]}"), read(name))
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", text).strip() + "\n"


class StaticFiles(CompressedManifestStaticFilesStorage):
    """Joins `css/app.css` at collectstatic, before files are hashed and compressed."""

    def post_process(
        self, paths: dict[str, tuple[Any, str]], dry_run: bool = False, **options: Any
    ) -> Iterator[tuple[str, str | None, bool | Exception]]:
        if not dry_run and STYLE_SHEET in paths:

            def read(name: str) -> str:
                storage, path = paths[name]
                with storage.open(path) as file:
                    return str(file.read().decode())

            text = join(read)
            self.delete(STYLE_SHEET)
            self.save(STYLE_SHEET, ContentFile(text.encode()))
            paths = {**paths, STYLE_SHEET: (self, STYLE_SHEET)}
        yield from super().post_process(paths, dry_run=dry_run, **options)
