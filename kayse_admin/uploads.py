"""Files that people send: kept below the limit while they arrive, never on the disk for longer than the request."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import StopFutureHandlers, StopUpload, TemporaryFileUploadHandler
from django.http import HttpRequest

TOO_LARGE, NO_ROOM = "too_large", "no_room"


class Handler(TemporaryFileUploadHandler):
    """Stops a file that grows over the limit; `problem_of` tells the view why there is no file."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Open the temporary file; a full disk is told as such."""
        self.size = 0
        try:
            super().new_file(*args, **kwargs)
        except StopFutureHandlers:
            raise
        except OSError:
            self._stop(NO_ROOM)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Count, and write."""
        self.size += len(raw_data)
        if self.size > settings.UPLOAD_MOST_BYTES:
            self._stop(TOO_LARGE)
        try:
            super().receive_data_chunk(raw_data, start)
        except OSError:
            self._stop(NO_ROOM)

    def _stop(self, problem: str) -> None:
        """Forget the file and swallow the rest of what is sent, so that the sender gets to read why."""
        assert self.request is not None
        self.request.META[_KEY] = problem
        file = getattr(self, "file", None)
        if file is not None:
            file.close()
        raise StopUpload(connection_reset=False)


_KEY = "kayse.upload_problem"


def problem_of(request: HttpRequest) -> str:
    """Why a file that was sent is not there: `TOO_LARGE`, `NO_ROOM`, or "" when nothing went wrong."""
    problem: str = request.META.get(_KEY, "")
    return problem


def file_of(request: HttpRequest, name: str) -> UploadedFile | None:
    """The file under this name, or None."""
    found = request.FILES.get(name)
    return found if isinstance(found, UploadedFile) else None
