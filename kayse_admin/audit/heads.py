"""Heads of the chain of seals, said where the database cannot take them back: the log, a file, another server.

Sealing never waits long for that and never fails by it: what could not be delivered is an error in the log, and the
next head says all that this one said.
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import requests
from django.conf import settings
from django.utils import timezone

from kayse_admin.accounts import outbound

logger = logging.getLogger("kayse_admin.seals")

#: Seconds for connecting, and for each wait for the answer.
TIMEOUT = (3.0, 5.0)
#: Seconds for all of it.
DEADLINE = 10.0
#: Name of the thread that posts; one that came too late ends by itself.
THREAD = "audit-head"


def publish(head: str) -> None:
    """Say the head ("number:signature") in the log, in `AUDIT_HEAD_FILE` and to `AUDIT_HEAD_URL`, if they are named."""
    logger.info("audit head %s", head)
    at = timezone.now().isoformat()
    if settings.AUDIT_HEAD_FILE:
        try:
            with Path(settings.AUDIT_HEAD_FILE).open("a") as file:
                file.write(f"{at} {head}\n")
        except OSError as error:
            logger.error("the head could not be appended to AUDIT_HEAD_FILE: %s", error.strerror)
    if settings.AUDIT_HEAD_URL:
        # A server may drip its answer, and the timeouts are for each wait: no round stays longer than this.
        posting = threading.Thread(target=_post, args=({"head": head, "at": at},), name=THREAD, daemon=True)
        posting.start()
        posting.join(DEADLINE)
        if posting.is_alive():
            logger.error("AUDIT_HEAD_URL did not answer the head within %g seconds", DEADLINE)


def _post(told: dict[str, str]) -> None:
    """One POST to a host of the allow-list; redirects are not followed, the answer's body is not read."""
    try:
        with outbound.guard(requests.Session()) as session:
            answer = session.post(
                settings.AUDIT_HEAD_URL, json=told, timeout=TIMEOUT, allow_redirects=False, stream=True
            )
            status = answer.status_code
            answer.close()
    except (requests.RequestException, OSError) as error:
        logger.error("the head could not be posted to AUDIT_HEAD_URL: %s", type(error).__name__)
        return
    if not 200 <= status < 300:
        logger.error("AUDIT_HEAD_URL answered the head with status %d", status)
