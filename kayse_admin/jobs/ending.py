"""The end of a job: closed, told in the app, and by e-mail where mail is configured."""

from __future__ import annotations

import logging
import smtplib

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import send_mail
from django.template.defaultfilters import pluralize
from django.urls import reverse

from kayse_admin.actors import Actor
from kayse_admin.jobs import ledger
from kayse_admin.jobs.models import HELD, OUTCOMES, Job, Row
from kayse_admin.jobs.registry import kind_of

logger = logging.getLogger("kayse_admin.jobs")


def finish(job: Job) -> None:
    """Close the job and say so once; also one that was paused during its last request."""
    if ledger.finish(job) or ledger.finish_paused(job):
        kind_of(job).ended(job)
        if not job.at_once:
            _mail(job)


def summary(job: Job) -> str:
    """The outcomes in one sentence: "8,120 rows: 8,000 created, 100 updated, 15 unchanged, 3 failed, 2 unknown"."""
    counts = ledger.tally(job)
    kind = kind_of(job)
    parts = [f"{getattr(counts, name):,} {kind.word(name).lower()}" for name in OUTCOMES]
    held = Row.objects.filter(job=job, outcome=Row.Outcome.FAILED, flag=HELD).count() if counts.failed else 0
    if held:
        parts[OUTCOMES.index("failed")] += f" ({held:,} for somebody to decide)"
    left = f", {counts.left:,} not sent" if counts.left else ""
    return f"{counts.total:,} row{pluralize(counts.total)}: {', '.join(parts)}{left}"


def _mail(job: Job) -> None:
    """Tell the owner; a mail server that is away must not keep a job open."""
    if not settings.EMAIL_URL:
        return
    person = get_user_model().objects.filter(pk=job.owner_id, is_active=True).first()
    if person is None or not person.email:
        return
    try:
        send_mail(f"Finished: {job.title}", f"{summary(job)}.", None, [person.email])
    except (OSError, smtplib.SMTPException):
        logger.exception("the mail about the end of job %s could not be sent", job.pk)


def notices(actor: Actor) -> list[dict[str, str]]:
    """Banners about jobs that have ended and that whoever started them has not looked at since; one small query."""
    ended = Job.objects.filter(owner_id=actor.id or 0, state=Job.State.DONE, seen_at=None).order_by("-pk")[:3]
    return [
        {
            "kind": "info",
            "title": f"Finished: {job.title}",
            "text": summary(job),
            "link": reverse("jobs:detail", args=[job.pk]),
            "link_text": "Open the job",
            "dismiss": reverse("jobs:seen", args=[job.pk]),
        }
        for job in ended
    ]
