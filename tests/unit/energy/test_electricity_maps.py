"""The Electricity Maps API against a real server on this machine: asked once, kept, and every way to fail."""

import json
import threading
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

import pytest

from wattshed.energy.electricity_maps import KEY, Unreachable, electricity_maps_series
from wattshed.foundation.faults import Fault

DAY = date(2024, 5, 1)


class Api:
    """What the server answers and what it was asked."""

    def __init__(self):
        self.status, self.body, self.asked = 200, None, []
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                query = {name: values[0] for name, values in parse_qs(urlparse(self.path).query).items()}
                api.asked.append({**query, "key": self.headers["auth-token"]})
                self.send_response(api.status)
                self.end_headers()
                self.wfile.write(api.body if api.body is not None else hours(query))

            def log_message(self, *arguments): ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def hours(query):
    start = datetime.fromisoformat(query["start"])
    count = int((datetime.fromisoformat(query["end"]) - start).total_seconds() // 3600)
    data = [
        {"datetime": (start + timedelta(hours=h)).isoformat(), "carbonIntensity": 100 + h}
        for h in range(count)
    ]
    return json.dumps({"zone": query["zone"], "data": data}).encode()


@pytest.fixture
def api():
    api = Api()
    yield api
    api.server.shutdown()
    api.server.server_close()


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv(KEY, "secret")


def test_a_day_is_asked_for_once_and_then_works_without_network(api, tmp_path, monkeypatch):
    first = electricity_maps_series("DE", [DAY, DAY], tmp_path, api.url)
    assert first.g_per_kwh.tolist() == [100 + h for h in range(24)]
    assert [(q["zone"], q["key"]) for q in api.asked] == [("DE", "secret")]
    monkeypatch.delenv(KEY)
    again = electricity_maps_series("DE", [DAY], tmp_path, "http://127.0.0.1:9")
    assert again.g_per_kwh.tolist() == first.g_per_kwh.tolist()
    assert "electricity maps, DE" in again.source
    assert all("secret" not in path.read_text() for path in tmp_path.iterdir())


def test_days_that_may_still_be_corrected_are_not_kept(api, tmp_path):
    today = datetime.now(UTC).date()
    electricity_maps_series("DE", [today], tmp_path, api.url)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("status", "reason"),
    [(401, "the key is refused"), (403, "does not cover"), (429, "too many requests"), (500, "HTTP 500")],
)
def test_refusals_are_told(api, tmp_path, status, reason):
    api.status = status
    with pytest.raises(Unreachable, match=reason) as found:
        electricity_maps_series("DE", [DAY], tmp_path, api.url)
    assert "secret" not in str(found.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"data": [{}]}', b'{"data": 3}'])
def test_nonsense_is_no_answer(api, tmp_path, body):
    api.body = body
    with pytest.raises(Unreachable, match="no usable answer"):
        electricity_maps_series("DE", [DAY], tmp_path, api.url)


def test_hours_without_a_value_are_gaps_and_an_empty_day_is_none(api, tmp_path):
    api.body = b'{"data": [{"datetime": "2024-05-01T00:00:00Z", "carbonIntensity": null}]}'
    with pytest.raises(Unreachable, match="no hour"):
        electricity_maps_series("DE", [DAY], tmp_path, api.url)


def test_without_key_or_network_it_says_so(tmp_path, monkeypatch):
    with pytest.raises(Unreachable, match="no usable answer"):
        electricity_maps_series("DE", [DAY], tmp_path, "http://127.0.0.1:9")
    monkeypatch.delenv(KEY)
    with pytest.raises(Unreachable, match=f"no key in {KEY}"):
        electricity_maps_series("DE", [DAY], tmp_path)


def test_a_damaged_kept_answer_is_one_sentence(tmp_path):
    (tmp_path / f"DE-{DAY}.json").write_text("{")
    with pytest.raises(Fault, match="is no kept answer"):
        electricity_maps_series("DE", [DAY], tmp_path)
