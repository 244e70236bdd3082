"""The OpenAPI 3.1 document of the fifteen endpoints, written from the vendor's two reference pages.

Request bodies come from the models that validate them (schema.py). Answers are described here: a key is
required when the page's example shows it, since the switch answers=sparse sends no other.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from . import clients, schema
from .query import DEFAULT_PAGE_SIZE, MAX_KEY, MAX_PAGE

Json = dict[str, Any]

BODIES = (
    schema.ClientCreate,
    schema.ClientUpdate,
    schema.ClientRowUpdate,
    schema.ClientRows,
    schema.ClientsToDelete,
    schema.CaseListCreate,
    schema.CaseListRowUpdate,
    schema.CaseListRows,
    schema.CaseListsToDelete,
    schema.Selection,
    schema.ClientIds,
)
ID = {"type": "integer", "minimum": 1, "maximum": schema.MAX_ID}
TEXT = {"type": "string"}
OPTIONAL_TEXT = {"type": ["string", "null"]}
NUMBER = {"type": "integer", "minimum": 0}
IDS = {"type": "array", "items": ID}
REFUSALS = {
    "400": "The request is wrong; the message names the field.",
    "401": "The key is missing or not known.",
    "404": "There is no record with this id.",
    "405": "The address does not take this method.",
    "429": "The hourly limit is used up.",
    "500": "The service failed.",
    "503": "The service is not available.",
}
EXAMPLES: dict[str, Json] = {
    "ClientCreate": {
        "external_source": "litify",
        "external_source_id": "a0L5e1",
        "first_name": "Zoë",
        "last_name": "O'Brien",
        "email": "zoe@example.com",
        "case_ids": [11, 12],
    },
    "ClientUpdate": {"city": "Boston", "state": "MA"},
    "ClientRows": {"clients": [{"id": 2, "voice_calls_opted_out": True}]},
    "ClientsToDelete": {"client_ids": [3, 4], "force": False},
    "CaseListCreate": {"name": "New leads", "filter": {"case_type_ids": [10], "status_ids": [20]}},
    "CaseListRows": {"lists": [{"name": "By hand", "include_ids": [5]}, {"id": 2, "name": "Renamed"}]},
    "CaseListsToDelete": {"ids": [12]},
    "Selection": {"filter": {"status_ids": [30]}, "exclude_ids": [7]},
    "ClientIds": {"client_ids": [5, 6]},
}
RATE_HEADERS = {
    "X-RateLimit-Limit": "Requests that a key has in an hour.",
    "X-RateLimit-Remaining": "Requests that are left.",
    "X-RateLimit-Reset": "When the limit is full again, in UTC epoch seconds.",
}


@cache
def document() -> Json:
    """The whole document. One object for all callers: do not change it."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Kayse public API (sandbox)",
            "version": "1",
            "description": "Clients and case lists, as the vendor's reference pages describe them.",
        },
        "servers": [{"url": "/v1"}],
        "security": [{"key": []}],
        "paths": _client_paths() | _case_list_paths(),
        "components": {
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-API-KEY"}},
            "headers": {
                name: {"description": words, "required": True, "schema": NUMBER}
                for name, words in RATE_HEADERS.items()
            },
            "schemas": _bodies() | _answers(),
        },
    }


def _client_paths() -> dict[str, Json]:
    return {
        "/clients": {
            "post": _operation("createClient", "Create a client", "ClientCreate", "CreatedClient", made=True)
        },
        "/clients/{id}": {
            "parameters": [_path_id("The client's id.")],
            "get": _operation("getClient", "Get a client", None, "Client", missing=True),
            "put": _operation("updateClient", "Update a client", "ClientUpdate", "Client", missing=True),
            "delete": _operation("deleteClient", "Delete a client softly", None, "Message", missing=True),
        },
        "/clients/bulk": {
            "post": _operation("bulkUpsertClients", "Create and update clients", "ClientRows", "BulkClients")
        },
        "/clients/bulk_delete": {
            "post": _operation("bulkDeleteClients", "Delete clients", "ClientsToDelete", "Deleted")
        },
    }


def _case_list_paths() -> dict[str, Json]:
    one = [_path_id("The case list's id.")]
    lists = _operation("listCaseLists", "List case lists", None, "CaseListPage")
    lists["parameters"] = _list_parameters()
    create = _operation("createCaseList", "Create a case list", "CaseListCreate", "CaseList", made=True)
    bulk = _operation(
        "bulkUpsertCaseLists", "Create and update case lists", "CaseListRows", "Upserted", missing=True
    )
    delete = _operation("bulkDeleteCaseLists", "Delete case lists", "CaseListsToDelete", "Deleted")
    paths: dict[str, Json] = {
        "/case_lists": {"get": lists, "post": create},
        "/case_lists/bulk": {"post": bulk},
        "/case_lists/bulk_delete": {"post": delete},
    }
    for address, method, name, summary, body, answer in (
        ("attach", "patch", "attachCases", "Attach cases", "Selection", "ListOperation"),
        ("detach", "patch", "detachCases", "Detach cases", "Selection", "ListOperation"),
        ("clients/append", "post", "appendClients", "Attach clients' cases", "ClientIds", "ClientsMatched"),
        ("clients/remove", "post", "removeClients", "Detach clients' cases", "ClientIds", "ClientsMatched"),
        ("duplicate", "post", "duplicateCaseList", "Copy a case list", None, "Duplicated"),
    ):
        operation = _operation(name, summary, body, answer, missing=True, made=answer == "Duplicated")
        paths[f"/case_lists/{{id}}/{address}"] = {"parameters": one, method: operation}
    return paths


def _operation(
    name: str, summary: str, body: str | None, answer: str, *, missing: bool = False, made: bool = False
) -> Json:
    responses = {"201" if made else "200": _response(summary, answer)}
    for status, words in REFUSALS.items():
        if status != "404" or missing:
            responses[status] = _response(words, "Error")
    operation: Json = {"operationId": name, "summary": summary, "responses": responses}
    if body is not None:
        content = {"schema": _ref(body), "example": EXAMPLES[body]}
        operation["requestBody"] = {"required": True, "content": {"application/json": content}}
    return operation


def _response(words: str, answer: str) -> Json:
    return {
        "description": words,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in RATE_HEADERS},
        "content": {"application/json": {"schema": _ref(answer)}},
    }


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _path_id(words: str) -> Json:
    return {"name": "id", "in": "path", "required": True, "description": words, "schema": ID, "example": 1}


def _list_parameters() -> list[Json]:
    whole = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE}
    key = {"type": "string", "maxLength": MAX_KEY, "pattern": schema.NO_NUL_PATTERN}
    described = {
        "key": ("Part of the name, in any case.", key),
        "page": ("Counted from 1.", {**whole, "default": 1}),
        "page_size": ("More than 100 is taken for 100.", {**whole, "default": DEFAULT_PAGE_SIZE}),
        "hide_empty": ("Leave out lists without cases.", {"type": "boolean", "default": False}),
    }
    return [
        {"name": name, "in": "query", "description": words, "schema": shape}
        for name, (words, shape) in described.items()
    ]


class _WithoutDefaults(GenerateJsonSchema):
    """The models' defaults say that a field was not given; not what the service puts in its place."""

    def default_schema(self, given: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(given["schema"])

    def field_title_should_be_set(self, given: Any) -> bool:
        return False


def _bodies() -> dict[str, Json]:
    modes: list[tuple[Any, JsonSchemaMode]] = [(model, "validation") for model in BODIES]
    _, definitions = models_json_schema(
        modes, ref_template="#/components/schemas/{model}", schema_generator=_WithoutDefaults
    )
    made: dict[str, Json] = definitions["$defs"]
    # A row with an id is an update. A bad client row is told in the answer, so any object may be a row; a
    # bad list row refuses the whole body.
    new_list = {"allOf": [_ref("CaseListCreate"), {"not": {"required": ["id"]}}]}
    made["CaseListRows"]["properties"]["lists"]["items"] = {"anyOf": [_ref("CaseListRowUpdate"), new_list]}
    rows = {"anyOf": [_ref("ClientRowUpdate"), _ref("ClientCreate"), {"type": "object"}]}
    made["ClientRows"]["properties"]["clients"]["items"] = rows
    return made


def _answers() -> dict[str, Json]:
    origins = {"origin": OPTIONAL_TEXT, "update_origin": OPTIONAL_TEXT}
    required_texts = dict.fromkeys(clients.REQUIRED, TEXT)
    client = {
        "id": ID,
        **dict.fromkeys(clients.COLUMNS, OPTIONAL_TEXT),
        **required_texts,
        "date_of_birth": {"type": ["string", "null"], "format": "date"},
        "voice_calls_opted_out": {"type": "boolean"},
        "case_ids": IDS,
        **origins,
    }
    case_list = {"id": ID, "name": TEXT, "description": OPTIONAL_TEXT, "case_count": NUMBER, **origins}
    upserted = _shape({"id": ID, "action": {"enum": ["created", "updated"]}})
    failed = {
        "index": NUMBER,
        "id": {"type": ["integer", "null"]},
        "external_source_id": OPTIONAL_TEXT,
        "error": TEXT,
        "message": TEXT,
    }
    return {
        "Error": _shape({"error": TEXT, "message": TEXT}),
        "Message": _shape({"message": TEXT}),
        "Client": _shape(client, clients.GET_KEYS),
        "CreatedClient": _shape(client, clients.CREATE_KEYS),
        "FailedRow": _shape(failed),
        "BulkClients": _shape(
            {"clients": _array("Client"), "successful_ids": IDS, "failed": _array("FailedRow")}
        ),
        "Deleted": _shape({"deleted_ids": IDS}),
        "CaseList": _shape(case_list),
        "CaseListPage": _shape({"data": _array("CaseList"), "page": ID, "total": NUMBER}),
        "Upserted": _shape({"results": {"type": "array", "items": upserted}}),
        "ListOperation": _shape(
            {"action": {"enum": ["attach", "detach"]}, "list_id": {"type": "string", "pattern": "^[0-9]+$"}}
        ),
        "ClientsMatched": _shape(
            {
                "action": {"enum": ["append", "remove"]},
                "list_id": ID,
                "client_count": NUMBER,
                "matched_case_count": NUMBER,
            }
        ),
        "Duplicated": _shape({"id": ID, "original_list_id": {"type": "string", "pattern": "^[0-9]+$"}}),
    }


def _shape(properties: Json, required: tuple[str, ...] | None = None) -> Json:
    names = list(properties if required is None else required)
    return {"type": "object", "properties": properties, "required": names, "additionalProperties": False}


def _array(name: str) -> Json:
    return {"type": "array", "items": _ref(name)}
