"""A caller of the sandbox, and what the tests ask it again and again."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import httpx

CLIENTS = 130
KEY = "sandbox-key"
NEW_CLIENT = {
    "external_source": "manual",
    "external_source_id": "ext-1",
    "first_name": "Siobhán",
    "last_name": "O'Brien",
}


class Api:
    """Calls the API with the right key and the sandbox's own addresses without one."""

    def __init__(self, transport: httpx.BaseTransport, base: str) -> None:
        self.base = base
        self.http = httpx.Client(
            transport=transport,
            base_url=f"{base}/v1",
            headers={"X-API-KEY": KEY},
            timeout=10,
            trust_env=False,
        )

    def __enter__(self) -> Api:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    def __call__(self, method: str, path: str, json: Any = None, **options: Any) -> httpx.Response:
        """One call of the API; ``path`` begins after ``/v1``."""
        if json is not None:
            options["json"] = json
        return self.http.request(method, path, **options)

    def control(self, method: str, path: str, json: Any = None) -> Any:
        """One call of ``/_sandbox``; gives the JSON of a success."""
        answer = self.http.request(
            method, f"{self.base}/_sandbox{path}", json=json, headers={"X-API-KEY": ""}
        )
        return answer.raise_for_status().json()

    def switch(self, **switches: Any) -> None:
        """Turn switches."""
        self.control("POST", "/switches", switches)

    def fault(self, kind: str, **parameters: Any) -> None:
        """Queue a fault."""
        self.control("POST", "/faults", {"kind": kind, **parameters})

    def arrived(self, method: str = "", path: str = "") -> list[dict[str, Any]]:
        """What the sandbox says arrived."""
        found = self.control("GET", f"/requests?method={method}&path={path}")
        requests: list[dict[str, Any]] = found["requests"]
        return requests

    def client(self, client_id: int) -> dict[str, Any]:
        """A client with every field, whatever the switches say."""
        found: dict[str, Any] = self.control("GET", f"/clients/{client_id}")
        return found

    def new_client(self, **fields: Any) -> int:
        """Make a client; gives its id."""
        made = self("POST", "/clients", {**NEW_CLIENT, **fields})
        assert made.status_code == 201, made.text
        return int(made.json()["id"])

    def new_list(self, **fields: Any) -> int:
        """Make a list; gives its id."""
        made = self("POST", "/case_lists", {"name": "A list", **fields})
        assert made.status_code == 201, made.text
        return int(made.json()["id"])

    def members(self, list_id: int) -> list[int]:
        """The true members of a list."""
        found: list[int] = self.control("GET", f"/lists/{list_id}/members")["case_ids"]
        return found

    def cases(self) -> list[dict[str, Any]]:
        """All cases."""
        found: list[dict[str, Any]] = self.control("GET", "/cases")["cases"]
        return found

    def cases_where(self, **wanted: Any) -> list[int]:
        """The ids of the cases whose keys have these values."""
        return [
            case["id"] for case in self.cases() if all(case[key] == value for key, value in wanted.items())
        ]

    def listed(self, list_id: int) -> dict[str, Any]:
        """A list as the list endpoint shows it."""
        rows = self("GET", "/case_lists", params={"page_size": 100}).json()["data"]
        found: dict[str, Any] = next(row for row in rows if row["id"] == list_id)
        return found


def refused(answer: httpx.Response, status: int, *words: str) -> None:
    """The answer is an error object in the vendor's shape whose message holds these words."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert set(body) == {"error", "message"}
    for word in words:
        assert word in body["message"]
