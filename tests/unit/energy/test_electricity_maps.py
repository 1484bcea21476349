"""The Electricity Maps API on a real local server: one request per day, kept answers, and every failure."""

import json
import socket
import threading
from datetime import date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

import pytest

from wattshed.energy.carbon.electricity_maps import KEY, Unreachable, electricity_maps_series
from wattshed.foundation.faults import Fault

DAY = date(2024, 5, 1)


class Api:
    """What the server answers and what it was asked."""

    def __init__(self):
        self.status, self.body, self.headers, self.asked = 200, None, {}, []
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                query = {name: values[0] for name, values in parse_qs(urlparse(self.path).query).items()}
                api.asked.append(
                    {**query, "key": self.headers["auth-token"], "agent": self.headers["User-Agent"]}
                )
                self.send_response(api.status)
                for name, value in api.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(api.body if api.body is not None else hours(query))

            def log_message(self, *arguments): ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        serving = {"poll_interval": 0.01}
        threading.Thread(target=self.server.serve_forever, kwargs=serving, daemon=True).start()


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


def test_a_day_is_requested_once_and_then_read_without_a_network(api, tmp_path, monkeypatch):
    first = electricity_maps_series("DE", [DAY, DAY], tmp_path, api.url)
    assert first.g_per_kwh.tolist() == [100 + h for h in range(24)]
    assert [(q["zone"], q["key"]) for q in api.asked] == [("DE", "secret")]
    monkeypatch.delenv(KEY)
    again = electricity_maps_series("DE", [DAY], tmp_path, "http://127.0.0.1:9")
    assert again.g_per_kwh.tolist() == first.g_per_kwh.tolist()
    assert "electricity maps, DE" in again.source
    assert all("secret" not in path.read_text() for path in tmp_path.iterdir())


def test_a_request_asks_for_the_hours_of_one_day_with_our_user_agent(api, tmp_path):
    electricity_maps_series("DE", [DAY], tmp_path, api.url)
    (asked,) = api.asked
    assert (asked["start"], asked["end"]) == ("2024-05-01T00:00:00+00:00", "2024-05-02T00:00:00+00:00")
    assert (asked["temporalGranularity"], asked["emissionFactorType"]) == ("hourly", "lifecycle")
    assert asked["disableCallerLookup"] == "true"
    assert asked["agent"] == "wattshed"


def test_an_answer_for_another_zone_is_refused(api, tmp_path):
    """The API may answer for the zone of the caller's address."""
    api.body = hours({"zone": "FR", "start": "2024-05-01T00:00+00:00", "end": "2024-05-02T00:00+00:00"})
    with pytest.raises(Unreachable, match="it is for zone FR"):
        electricity_maps_series("DE", [DAY], tmp_path, api.url)
    assert not list(tmp_path.iterdir())


def test_hours_of_the_next_day_in_an_answer_count_once(api, tmp_path):
    api.body = hours({"zone": "DE", "start": "2024-05-01T00:00+00:00", "end": "2024-05-03T01:00+00:00"})
    found = electricity_maps_series("DE", [DAY, DAY + timedelta(days=1)], tmp_path, api.url)
    assert found.g_per_kwh.tolist() == [100 + h for h in range(48)]


class NoonOfTheNextDay(datetime):
    """A clock that always shows noon of the day after ``DAY``."""

    @classmethod
    def now(cls, tz=None):
        return datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=tz) + timedelta(days=1)


def test_a_provisional_day_is_requested_again_and_used_without_a_network(api, tmp_path, monkeypatch):
    monkeypatch.setattr("wattshed.energy.carbon.electricity_maps.datetime", NoonOfTheNextDay)
    for _ in range(2):
        first = electricity_maps_series("DE", [DAY], tmp_path, api.url)
    assert len(api.asked) == 2
    offline = electricity_maps_series("DE", [DAY], tmp_path, "http://127.0.0.1:9")
    assert offline.g_per_kwh.tolist() == first.g_per_kwh.tolist()
    assert "provisional" in first.source
    assert "provisional" in offline.source


def test_a_final_answer_replaces_the_provisional_one(api, tmp_path):
    provisional = tmp_path / f"DE-{DAY}.provisional.json"
    provisional.write_text('[["2024-05-01T00:00:00+00:00", 7.0]]')
    old = electricity_maps_series("DE", [DAY], tmp_path, "http://127.0.0.1:9")
    assert (old.g_per_kwh.tolist(), "provisional" in old.source) == ([7.0], True)
    new = electricity_maps_series("DE", [DAY], tmp_path, api.url)
    assert (len(new.g_per_kwh), "provisional" in new.source) == (24, False)
    assert [path.name for path in tmp_path.iterdir()] == [f"DE-{DAY}.json"]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (302, "HTTP 302"),
        (401, "the key is refused"),
        (403, "does not cover"),
        (404, "no such zone"),
        (429, "too many requests"),
        (500, "HTTP 500"),
    ],
)
def test_http_errors_are_reported_with_the_reason(api, tmp_path, status, reason):
    api.status = status
    with pytest.raises(Unreachable, match=reason) as found:
        electricity_maps_series("DE", [DAY], tmp_path, api.url)
    assert "secret" not in str(found.value)
    assert not list(tmp_path.iterdir())


def test_the_key_is_not_sent_to_a_redirect_target(api, tmp_path):
    api.status, api.headers = 302, {"Location": f"{api.url}/elsewhere"}
    with pytest.raises(Unreachable, match="HTTP 302"):
        electricity_maps_series("DE", [DAY], tmp_path, api.url)
    assert len(api.asked) == 1


@pytest.mark.parametrize("wrong", ["se\ncret", "sécret", "se\x1bcret"])
def test_a_key_with_invalid_characters_is_refused_and_not_printed(api, tmp_path, monkeypatch, wrong):
    monkeypatch.setenv(KEY, wrong)
    with pytest.raises(Unreachable, match="does not hold a key") as found:
        electricity_maps_series("DE", [DAY], tmp_path, api.url)
    assert "cret" not in str(found.value)
    assert not api.asked


def test_the_newline_at_the_end_of_a_key_is_removed(api, tmp_path, monkeypatch):
    monkeypatch.setenv(KEY, "secret\n")
    electricity_maps_series("DE", [DAY], tmp_path, api.url)
    assert api.asked[0]["key"] == "secret"


@pytest.mark.parametrize("raw", [b"", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{"])
def test_a_broken_connection_is_reported_as_no_usable_answer(tmp_path, raw):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            line, _ = server.accept()
            with line:
                line.recv(65536)
                line.sendall(raw)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        with pytest.raises(Unreachable, match="no usable answer") as found:
            electricity_maps_series("DE", [DAY], tmp_path, f"http://127.0.0.1:{server.getsockname()[1]}")
        thread.join()
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("value", ["-5", "31000", "NaN", '"many"', "{}"])
def test_absurd_values_are_refused_and_not_kept(api, tmp_path, value):
    entry = f'{{"datetime": "2024-05-01T00:00:00Z", "carbonIntensity": {value}}}'
    api.body = f'{{"zone": "DE", "data": [{entry}]}}'.encode()
    with pytest.raises(Unreachable, match="no usable answer"):
        electricity_maps_series("DE", [DAY], tmp_path, api.url)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("time", ["2024-05-01T00:00:00", "2024-05-01T00:30:00Z", "noon", ""])
def test_times_that_are_not_utc_hours_are_refused(api, tmp_path, time):
    api.body = f'{{"data": [{{"datetime": "{time}", "carbonIntensity": 5}}]}}'.encode()
    with pytest.raises(Unreachable, match="no usable answer"):
        electricity_maps_series("DE", [DAY], tmp_path, api.url)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"3", b'{"data": [{}]}', b'{"data": 3}', b"\xff\xfe"]
)
def test_a_malformed_answer_is_refused(api, tmp_path, body):
    api.body = body
    with pytest.raises(Unreachable, match="no usable answer"):
        electricity_maps_series("DE", [DAY], tmp_path, api.url)


def test_an_answer_without_any_value_is_refused_and_not_kept(api, tmp_path):
    api.body = b'{"data": [{"datetime": "2024-05-01T00:00:00Z", "carbonIntensity": null}]}'
    with pytest.raises(Unreachable, match="no hour"):
        electricity_maps_series("DE", [DAY], tmp_path, api.url)
    assert not list(tmp_path.iterdir())


def test_a_missing_key_or_network_is_reported(tmp_path, monkeypatch):
    with pytest.raises(Unreachable, match="no usable answer"):
        electricity_maps_series("DE", [DAY], tmp_path, "http://127.0.0.1:9")
    monkeypatch.delenv(KEY)
    with pytest.raises(Unreachable, match=f"no key in {KEY}"):
        electricity_maps_series("DE", [DAY], tmp_path)


@pytest.mark.parametrize(
    "text", ["", "{", "{}x", "3", '[["2024-05-01T00:00Z"]]', '[["noon", 5]]', "[[5, 5]]"]
)
def test_a_damaged_kept_answer_is_reported_in_one_sentence(tmp_path, text):
    (tmp_path / f"DE-{DAY}.json").write_text(text)
    with pytest.raises(Fault, match="is not a kept answer"):
        electricity_maps_series("DE", [DAY], tmp_path)


def test_kept_answers_may_write_utc_in_several_ways(tmp_path):
    times = ["2024-05-01T00:00:00Z", "2024-05-01T01:00:00.000Z", "2024-05-01T02:00:00+00:00"]
    (tmp_path / f"DE-{DAY}.json").write_text(json.dumps([[time, 5] for time in times]))
    assert len(electricity_maps_series("DE", [DAY], tmp_path).hours) == 3


def test_a_cache_folder_that_cannot_be_written_is_reported_in_one_sentence(api, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Fault, match=r"cannot be written .*cache_folder"):
        electricity_maps_series("DE", [DAY], tmp_path / "file/folder", api.url)
