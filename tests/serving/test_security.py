"""Headers, foreign sites, foreign host names; nothing that a browser could be led into."""

from __future__ import annotations

import socket
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from serving.settings import Settings
from tests.serving.process import ServerProcess
from tests.serving.test_bad_input import assert_problem


@pytest.mark.parametrize("path", ["/healthz", "/v1/notes", "/v1/nothing", "/openapi.json"])
def test_every_answer_bears_the_security_headers(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in headers
    assert "server" not in headers


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": "http://[bad"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_another_site_cannot_write(
    client: httpx.Client, stored: dict[str, Any], headers: dict[str, str]
) -> None:
    code = stored["state"]["codes"][0]
    decision = {"decision": "accept", "system": code["system"], "code": code["code"]}
    path = f"/v1/notes/{stored['note']['id']}"
    assert_problem(client.post(f"{path}/decisions", json=decision, headers=headers), 403)
    assert client.get(path).json()["decisions"] == []


def test_the_own_page_can_write(server: ServerProcess, client: httpx.Client) -> None:
    headers = {"origin": server.url, "sec-fetch-site": "same-origin"}
    body = {"id": "own", "text": "Essential hypertension."}
    assert client.post("/v1/suggestions", json=body, headers=headers).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:80", ""])
def test_a_foreign_host_name_is_not_answered(client: httpx.Client, host: str) -> None:
    assert_problem(client.get("/v1/notes", headers={"host": host}), 400)


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1", "[::1]:8000"])
def test_the_loopback_names_are_answered(client: httpx.Client, host: str) -> None:
    assert client.get("/healthz", headers={"host": host}).status_code == 200


def test_a_request_that_is_no_http_does_not_end_the_server(
    server: ServerProcess, client: httpx.Client
) -> None:
    for garbage in (b"\x00\xff\r\n\r\n", b"POST /v1/notes HTTP/1.1\r\nContent-Length: x\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
            connection.sendall(garbage)
            connection.recv(1000)
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.com"])  # noqa: S104
def test_a_demo_does_not_listen_to_the_world(host: str) -> None:
    with pytest.raises(ValidationError, match="loopback"):
        Settings(host=host)
    assert Settings(host=host, demo=False).host == host


def test_the_database_password_is_not_printed() -> None:
    settings = Settings.model_validate({"database_url": "postgresql://u:hunter2@db/superbill"})
    assert "hunter2" not in repr(settings)
    assert "hunter2" in settings.url
