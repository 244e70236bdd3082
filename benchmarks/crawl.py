"""An outside crawler goes through the dashboard as an administrator: `python -m benchmarks.crawl`.

Starts a dashboard of its own with the sandbox, over HTTPS as in earnest, signs in, and lets wapiti3 (in a virtual
environment of its own, which is no requirement of this project) crawl it and attack what it finds. The crawler can
reach nothing but this machine.
Prints the pages crawled and the findings by level; the exit code is 1 when there are not more than 100 pages, when the
session did not last to the end, or when anything is found above information. `WAPITI` names an installed one.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import venv
from collections import Counter
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.stack import PASSWORD, Stack, running_stack

VERSION = "3.2.3"
#: What attacks addresses and forms. Left out: guesses at other products, and what needs a server of its maker's.
MODULES = (
    "cookieflags,crlf,csp,csrf,exec,file,htaccess,http_headers,ldap,methods,permanentxss,redirect,shellshock,sql,"
    "upload,xss"
)
#: What would end the crawler's own session or take its role away.
EXCLUDED = (
    "/sign-out/",
    "/account/sessions/",
    "/account/password/",
    "/people/*/",
    "/account/second-factor/*",
)
LEVELS = ("information", "low", "medium", "high", "critical")
#: For the crawler's Python: no connection leaves this machine.
ONLY_HERE = """
import socket
connect = socket.socket.connect
def only_here(self, address):
    if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1"):
        raise OSError("the crawler may reach this machine only")
    return connect(self, address)
socket.socket.connect = only_here
"""


def installed(folder: Path) -> str:
    """The crawler's program, installed into the folder if nobody names one."""
    if named := os.environ.get("WAPITI"):
        return named
    venv.create(folder / "venv", with_pip=True)
    pip = [
        str(folder / "venv/bin/pip"),
        "install",
        "--quiet",
        "--disable-pip-version-check",
        f"wapiti3=={VERSION}",
    ]
    subprocess.run(pip, check=True)
    return str(folder / "venv/bin/wapiti")


def over_https(stack: Stack, folder: Path) -> str:
    """Start the dashboard once more with a certificate of the moment; returns its address."""
    made = [
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
        "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"),
    ]  # fmt: skip
    subprocess.run(made, check=True, capture_output=True)
    stack.kill("web", signal.SIGTERM)
    stack.environment["HTTPS"] = "true"
    certificate = ("--certfile", str(folder / "cert.pem"), "--keyfile", str(folder / "key.pem"))
    stack.start(
        "web", "-m", "gunicorn", "kayse_admin.wsgi", "--config", "kayse_admin/gunicorn.py", *certificate
    )
    return f"https://127.0.0.1:{stack.port}"


def signed_in(base: str) -> dict[str, str]:
    """Sign the administrator in; returns the cookies of the session."""
    for _ in range(300):
        try:
            httpx.get(f"{base}/healthz", verify=False, trust_env=False)
            break
        except httpx.TransportError:
            time.sleep(0.1)
    with httpx.Client(base_url=base, verify=False, trust_env=False) as http:
        token = http.get("/sign-in/").text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        form = {"username": "admin", "password": PASSWORD, "csrfmiddlewaretoken": token}
        answer = http.post("/sign-in/", data=form, headers={"Referer": f"{base}/sign-in/"})
        if answer.status_code != 302:
            sys.exit(f"The administrator could not sign in: {answer.status_code}")
        return {cookie.name: str(cookie.value) for cookie in http.cookies.jar}


def crawl(program: str, base: str, folder: Path, cookies: dict[str, str], minutes: float) -> dict[str, Any]:
    """Run the crawler; returns its report."""
    (folder / "sitecustomize.py").write_text(ONLY_HERE)
    jar = {name: {"value": value, "expires": None, "secure": True, "port": None, "version": 0}
           for name, value in cookies.items()}  # fmt: skip
    (folder / "cookies.json").write_text(json.dumps({"127.0.0.1": {"/": jar}}))
    starts = (
        "/clients/",
        "/clients/7/",
        "/case-lists/",
        "/case-lists/1/",
        "/labels/",
        "/jobs/",
        "/audit/",
        "/people/",
    )
    attack = int(minutes * 60 * 0.5 / (MODULES.count(",") + 1))  # seconds for each module
    command = [
        program, "-u", f"{base}/", "--scope", "folder", "-f", "json", "-o", str(folder / "report.json"),
        "-c", str(folder / "cookies.json"),
        "-m", MODULES, "-d", "5", "--max-files-per-dir", "60", "-S", "insane", "--tasks", "4", "-t", "15",
        "--max-scan-time", str(int(minutes * 60 * 0.4)), "--max-attack-time", str(attack),
        "--store-session", str(folder / "session"), "--store-config", str(folder / "config"),
        "--no-bugreport", "--flush-session", "-v", "2",
        *(part for path in starts for part in ("-s", base + path)),
        *(part for path in EXCLUDED for part in ("-x", f"{base}{path}{'' if path.endswith('*') else '*'}")),
    ]  # fmt: skip
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(folder)}
    with (folder / "crawl.log").open("w+") as log:
        limit = minutes * 60 + 120  # a request under way is finished, and the report written
        ended = subprocess.run(command, env=environment, stdout=log, stderr=log, check=False, timeout=limit)
        if ended.returncode or not (folder / "report.json").exists():
            log.seek(0)
            sys.exit(f"The crawler ended with {ended.returncode}:\n{log.read()[-3000:]}")
        log.seek(0)
        if f"GET {base}/sign-in/?next=" in log.read():
            sys.exit(
                "The crawler was sent to the sign-in page: it did not see the dashboard as an administrator."
            )
    report: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return report


def found(report: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The findings with their kinds."""
    parts = (report["vulnerabilities"], report["anomalies"], report["additionals"])
    return [(kind, one) for part in parts for kind, several in part.items() for one in several]


def main() -> int:
    """Start, crawl, report; the exit code for the shell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=15, help="the longest that it may take")
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory(prefix="kayse-crawl-") as place:
        folder = Path(place)
        program = installed(folder)
        with running_stack(folder) as stack:
            base = over_https(stack, folder)
            cookies = signed_in(base)
            report = crawl(program, base, folder, cookies, minutes)
            lasted = (
                httpx.get(f"{base}/audit/", cookies=cookies, verify=False, trust_env=False).status_code == 200
            )
    pages, findings = int(report["infos"]["crawled_pages_nbr"]), found(report)
    counted = Counter(LEVELS[int(one["level"])] for _, one in findings)
    print(f"{pages:,} addresses and forms crawled as an administrator; still signed in: {lasted}")
    print("findings: " + ", ".join(f"{counted[level]} {level}" for level in LEVELS))
    for kind, one in findings:
        print(f"  {LEVELS[int(one['level'])]}: {kind}: {one['method']} {one['path']} {one['info']}")
    above = any(int(one["level"]) for _, one in findings)
    return 0 if pages > 100 and lasted and not above else 1


if __name__ == "__main__":
    sys.exit(main())
