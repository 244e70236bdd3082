"""A typed SDK of the Kayse public API. It knows nothing of Django.

with KayseClient(KayseConfig("https://public-api.kayse.ai/v1", key)) as kayse:
    match kayse.clients.get(123):
        case Applied(value=client): ...
        case Rejected() as no if no.is_not_found: ...
"""

from __future__ import annotations

from kayse_admin.kayse_api.client import KayseClient
from kayse_admin.kayse_api.config import KayseConfig
from kayse_admin.kayse_api.errors import ArgumentError, ConfigError, KayseError
from kayse_admin.kayse_api.outcomes import (
    Applied,
    Failed,
    NotSent,
    NotSentReason,
    Outcome,
    RateLimited,
    Rejected,
    Unknown,
    UnknownReason,
)
from kayse_admin.kayse_api.retry import AnswerInfo, Gate, OpenGate, RateInfo, RequestInfo
from kayse_admin.kayse_api.schemas import (
    CLIENT_FIELDS,
    BulkClients,
    CaseList,
    CaseListPage,
    Client,
    ClientsMatched,
    Deleted,
    Duplicated,
    FailedRow,
    ListOperation,
    Upserted,
)

__all__ = [
    "CLIENT_FIELDS",
    "AnswerInfo",
    "Applied",
    "ArgumentError",
    "BulkClients",
    "CaseList",
    "CaseListPage",
    "Client",
    "ClientsMatched",
    "ConfigError",
    "Deleted",
    "Duplicated",
    "Failed",
    "FailedRow",
    "Gate",
    "KayseClient",
    "KayseConfig",
    "KayseError",
    "ListOperation",
    "NotSent",
    "NotSentReason",
    "OpenGate",
    "Outcome",
    "RateInfo",
    "RateLimited",
    "Rejected",
    "RequestInfo",
    "Unknown",
    "UnknownReason",
    "Upserted",
]
