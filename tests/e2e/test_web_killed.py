"""The web process is killed while the vendor is at work on an edit: after a restart the record says what is known."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import httpx
import pytest

from tests.e2e.conftest import session_of
from tests.e2e.stack import Stack, running_stack
from tests.waiting import until


def form_of(http: httpx.Client, path: str) -> dict[str, str]:
    """The fields of the page's edit form, as a browser would send them."""
    page = http.get(path).text
    form = page[page.index('<form method="post" class="stack"') :]
    fields = dict(re.findall(r'<input[^>]*?name="([^"]+)"[^>]*?value="([^"]*)"', form))
    fields |= dict(re.findall(r'<textarea[^>]*?name="([^"]+)"[^>]*>\s*([^<]*)</textarea>', form))
    for name, options in re.findall(r'<select[^>]*?name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        fields[name] = chosen[1] if chosen else ""
    return fields


def sent(stack: Stack, method: str) -> int:
    """How many requests with this method have reached the vendor."""
    return int(stack.sandbox("GET", "/_sandbox/requests", params={"method": method})["count"])


@pytest.mark.parametrize("apply", [True, False])
def test_killed_in_mid_call(apply: bool, tmp_path: Path, prepared: Path) -> None:
    with running_stack(tmp_path, prepared) as stack:
        cookies = session_of(stack, "paralegal")
        with httpx.Client(base_url=stack.base, cookies=cookies, trust_env=False, timeout=60) as http:
            fields = form_of(http, "/clients/5/edit/") | {"city": "Waco"}
            fault = {"kind": "delay", "method": "PUT", "path": "/v1/clients/5", "seconds": 20, "apply": apply}
            stack.sandbox("POST", "/_sandbox/faults", json=fault)

            def save() -> None:
                with pytest.raises(httpx.TransportError):
                    http.post("/clients/5/edit/", data=fields, headers={"Referer": stack.base})

            clicking = threading.Thread(target=save)
            clicking.start()
            until(lambda: sent(stack, "PUT") > 0, "the edit at the vendor")
            stack.kill("web")
            clicking.join()

        stack.start_web()
        stack.manage("housekeeping", "--once")

        assert sent(stack, "PUT") == 1
        there = stack.sandbox("GET", "/_sandbox/clients/5")["city"] == "Waco"
        assert there == apply
        with httpx.Client(base_url=stack.base, cookies=cookies, trust_env=False) as http:
            page = http.get("/clients/5/").text
            operation = re.search(r"/audit/([0-9a-f-]{36})/", page)
            assert operation, "the client's page leads to the operation"
            told = http.get(operation[0]).text
        # Within five minutes of the call an old value proves nothing yet, and the page says so.
        assert "Recovery" in told
        assert ("Done" if there else "Outcome unknown") in told
