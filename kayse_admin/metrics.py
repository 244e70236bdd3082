"""`/metrics`: what a monitoring system should watch, in the text format of Prometheus. Numbers only, nobody's data."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from kayse_admin.audit import seals
from kayse_admin.audit.filters import CLOSING
from kayse_admin.audit.models import Event, OpenOperation
from kayse_admin.jobs.models import Job
from kayse_admin.upstream import budget, circuit

LATELY = timedelta(hours=1)
#: States of a job in which something is still to come; finished ones grow for ever and tell nothing.
UNFINISHED = (*Job.UNSTARTED, Job.State.QUEUED, Job.State.RUNNING, Job.State.WAITING, Job.State.PAUSED)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The numbers of this moment, for whoever has the token of `METRICS_TOKEN`; 404 where none is set.

    Beside the sandbox it is open as long as no token is set. Counted in the database at each call, so that any process
    answers for all of them.
    """
    if not settings.METRICS_TOKEN and not settings.IS_SANDBOX:
        raise Http404
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if settings.METRICS_TOKEN and not constant_time_compare(given, settings.METRICS_TOKEN):
        answer = HttpResponse("The token is missing or wrong.\n", status=401, content_type="text/plain")
        answer["WWW-Authenticate"] = "Bearer"
        return answer
    registry = CollectorRegistry()
    registry.register(_Dashboard())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Dashboard:
    """What is collected at each call."""

    def collect(self) -> Iterator[Metric]:
        yield from _requests()
        yield from _circuit()
        yield _by("kayse_open_operations", "Operations that nobody has finished", "state", _open_operations())
        yield _by("kayse_jobs", "Jobs that are not over", "state", _jobs())
        yield _by("kayse_operations_last_hour", "Operations by how they ended", "result", _results())
        yield _one("kayse_unsealed_events", "Events of the record newer than its seals", seals.unsealed())

    def describe(self) -> list[Metric]:
        """Nothing, so that registering does not ask the database."""
        return []


def _requests() -> Iterator[Metric]:
    row = budget.current()
    left = max(0.0, (row.reset_at - timezone.now()).total_seconds())
    yield _one("kayse_requests_limit", "Requests to Kayse that an hour grants", row.limit)
    yield _one("kayse_requests_used", "Requests to Kayse used in this hour", row.used)
    yield _one(
        "kayse_requests_reserve", "Requests of an hour that are kept for people", settings.KAYSE_RESERVE
    )
    yield _one("kayse_requests_reset_seconds", "Seconds until the next hour of requests", left)


def _circuit() -> Iterator[Metric]:
    row = circuit.state()
    waits = circuit.open_until(row) is not None
    yield _one("kayse_calls_held", "1 while nothing is sent because Kayse is failing", waits)
    yield _one("kayse_key_refused", "1 while Kayse refuses the API key", row.refused_at is not None)


def _open_operations() -> dict[str, int]:
    found = OpenOperation.objects.values_list("state").annotate(many=Count("pk"))
    return dict.fromkeys(OpenOperation.State.values, 0) | dict(found)


def _jobs() -> dict[str, int]:
    found = Job.objects.filter(state__in=UNFINISHED).values_list("state").annotate(many=Count("pk"))
    return dict.fromkeys(map(str, UNFINISHED), 0) | dict(found)


def _results() -> dict[str, int]:
    lately = Event.objects.filter(CLOSING, at__gte=timezone.now() - LATELY)
    return dict(lately.order_by().values_list("result").annotate(many=Count("pk")))


def _one(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value=float(value))


def _by(name: str, words: str, label: str, values: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, words, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
