"""Who is answered, what a browser may do with the answer, and what happens to text that means harm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from dashboard.app import create_app
from dashboard.guard import MOST_BODY_BYTES, TOKEN_HEADER
from newswake.settings import Settings
from tests.integration.dashboard.conftest import BASE, LIVE, serving
from tests.integration.dashboard.tables import HOSTILE

pytestmark = pytest.mark.integration

WISH = {"coin": "SOL"}


def refused(page: TestClient, method: str, path: str, **more: Any) -> str:
    answer = page.request(method, path, **more)
    assert answer.status_code == 403, answer.text
    return str(answer.json()["error"]["code"])


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:8080", "a@127.0.0.1", ""])
def test_a_name_that_is_not_ours_is_refused(page: TestClient, host: str) -> None:
    assert refused(page, "GET", "/api/session", headers={"Host": host}) == "forbidden"


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:1", "[::1]:8080", "LOCALHOST"])
def test_our_own_names_are_answered(page: TestClient, host: str) -> None:
    assert page.get("/api/sources", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9999", "file://127.0.0.1:8080"])
def test_another_origin_is_refused(page: TestClient, origin: str) -> None:
    assert refused(page, "GET", "/api/session", headers={"Origin": origin}) == "forbidden"
    assert refused(page, "POST", "/api/followed", json=WISH, headers={"Origin": origin}) == "forbidden"
    with pytest.raises(WebSocketDisconnect), page.websocket_connect(LIVE, headers={"Origin": origin}):
        pass


def test_our_origin_is_answered(page: TestClient) -> None:
    assert page.get("/api/sources", headers={"Origin": BASE}).status_code == 200


def test_another_site_may_link_to_the_page_but_not_read_the_api(page: TestClient) -> None:
    cross = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert refused(page, "GET", "/api/session", headers=cross) == "forbidden"
    assert page.get("/", headers={**cross, "Sec-Fetch-Mode": "navigate"}).status_code in (200, 503)


@pytest.mark.parametrize("token", ["", "wrong", "\xe9"])
def test_writing_needs_the_token(empty: Settings, token: str) -> None:
    with serving(empty) as page:
        headers = {TOKEN_HEADER: token.encode("latin-1")}
        assert refused(page, "POST", "/api/followed", json=WISH, headers=headers) == "forbidden"
        assert refused(page, "DELETE", "/api/followed/BTC", headers=headers) == "forbidden"
        coins = [one["coin"] for one in page.get("/api/followed").json()["coins"]]
        assert "SOL" not in coins
        right = page.get("/api/session").json()["token"]
        assert page.post("/api/followed", json=WISH, headers={TOKEN_HEADER: right}).status_code == 201


def test_each_start_has_another_token(empty: Settings) -> None:
    tokens = {create_app(empty).state.context.token for _ in range(2)}
    assert len(tokens) == 2 and min(map(len, tokens)) >= 40


def test_a_long_body_is_not_read(page: TestClient) -> None:
    answer = page.post("/api/followed", content=b"[" * (MOST_BODY_BYTES + 1))
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
    parts = (b"[" * 1_000 for _ in range(MOST_BODY_BYTES // 1_000 + 1))  # without a Content-Length
    assert page.post("/api/followed", content=parts).status_code == 413


def test_every_answer_has_the_policy(page: TestClient) -> None:
    for path in ("/", "/api/session", "/api/nothing", "/api/docs"):
        headers = page.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "script-src 'self'" in policy and "unsafe" not in policy, path
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers
    assert page.get("/api/session").headers["cache-control"] == "no-store"


def test_hostile_posts_are_text_and_their_links_no_links(page: TestClient) -> None:
    posts = page.get("/api/posts", params={"source": HOSTILE}).json()["posts"]
    by_title = {post["title"]: post["link"] for post in posts}
    assert by_title == {
        "<img src=x onerror=alert(1)>": None,
        '=HYPERLINK("http://a")': None,
        "</script><script>alert(1)</script>": "https://example.org/ok",
    }
    answer = page.get("/api/posts", params={"source": HOSTILE})
    assert answer.headers["content-type"] == "application/json"
    for post in posts:
        card = page.get("/api/posts/card", params={"id": post["id"]})
        assert card.status_code == 200 and card.json()["post"]["title"] == post["title"]


def test_a_text_that_a_spreadsheet_would_run_is_disarmed(page: TestClient) -> None:
    text = page.get("/api/export/posts", params={"source": HOSTILE}).text
    assert "'=HYPERLINK" in text and ",=HYPERLINK" not in text and '"=HYPERLINK' not in text


def test_files_of_the_page_and_no_others(empty: Settings, tmp_path: Path) -> None:
    built = tmp_path / "dist"
    (built / "assets").mkdir(parents=True)
    for name in ("index.html", "docs.html", "icon.svg", "assets/app.1a2b.js"):
        (built / name).write_text(f"<p>{name}</p>")
    (tmp_path / "secret.txt").write_text("secret")
    with TestClient(create_app(empty, built=built), base_url=BASE) as page:
        assert "index.html" in page.get("/").text and "index.html" in page.get("/post/rss:1").text
        assert "docs.html" in page.get("/api/docs").text
        assert page.get("/icon.svg").status_code == 200
        kept = page.get("/assets/app.1a2b.js")
        assert "immutable" in kept.headers["cache-control"]
        for path in (
            "/../secret.txt",
            "/%2e%2e/secret.txt",
            "/assets/..%2f..%2fsecret.txt",
            "/assets/%2e%2e/index.html",
        ):
            assert "secret" not in page.get(path).text, path
