"""Who was deleted at Kayse for good, by the jobs that did it: nothing brings such a client back."""

from __future__ import annotations

from clients_ui.bulk import DeleteForGood
from clients_ui.models import Client
from kayse_admin.jobs.models import Job, Row


def job_of(client: Client) -> Job | None:
    """The job that deleted this client for good; None for one that is there, or was deleted in another way."""
    if client.gone_at is None:
        return None
    done = Row.objects.filter(target=client.pk, outcome=Row.Outcome.UPDATED, job__kind=DeleteForGood.name)
    last = done.select_related("job").only("job").order_by("-id").first()
    return last.job if last else None
