"""/theme/."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("chosen", ["light", "system", "dark"])
def test_a_theme_is_kept_in_a_cookie(chosen: str, as_paralegal: Browser) -> None:
    answer = as_paralegal.post("/theme/", {"theme": chosen, "next": "/clients/"})
    assert (answer.status_code, answer["Location"]) == (302, "/clients/")
    assert f'data-theme="{chosen}"' in as_paralegal.get("/").text


def test_an_unknown_theme_changes_nothing(as_paralegal: Browser) -> None:
    answer = as_paralegal.post("/theme/", {"theme": "<script>", "next": "https://evil.example/"})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert "theme" not in answer.cookies
    as_paralegal.cookies["theme"] = '"><script>'
    assert 'data-theme="system"' in as_paralegal.get("/").text


def test_it_needs_a_post(client: Browser) -> None:
    assert client.get("/theme/").status_code == 405
