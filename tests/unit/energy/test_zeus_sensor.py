"""RAPL through zeusd: with a fake client and, if Zeus is installed, with its real client on a socket."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest

from known_power import HandClock
from wattshed.energy.reading import JOULES_PER_KWH
from wattshed.energy.sensors.zeus import ZeusdSensor

THERE = {"ZEUSD_SOCK_PATH": "/run/zeusd/zeusd.sock"}


class Client:
    """A machine of two sockets as ``zeus.utils.zeusd.ZeusdClient`` presents it."""

    auth_error = None
    can_read_cpu = True

    def __init__(self, dram_uj=(500_000, 500_000)):
        self.cpu_uj, self.dram_uj, self.error = [1_000_000, 2_000_000], dram_uj, None

    def get_cpu_energy(self):
        if self.error:
            raise self.error
        pairs = zip(self.cpu_uj, self.dram_uj, strict=True)
        return {
            index: SimpleNamespace(cpu_energy_uj=cpu, dram_energy_uj=dram)
            for index, (cpu, dram) in enumerate(pairs)
        }


def started(client, **options):
    sensor = ZeusdSensor(client, THERE, **options)
    sensor.start()
    return sensor


def test_sockets_are_summed_from_the_start():
    client = Client()
    sensor = started(client)
    client.cpu_uj = [2_000_000, 5_000_000]
    parts = sensor.read()
    assert parts["cpu"].kwh == pytest.approx(4.0 / JOULES_PER_KWH)
    assert (parts["cpu"].status, parts["cpu"].source) == ("measured", "rapl by zeusd")
    assert parts["ram"].kwh == 0


@pytest.mark.parametrize("dram_uj", [(None, None), (500_000, None)])
def test_memory_is_missing_unless_every_socket_has_dram(dram_uj):
    parts = started(Client(dram_uj)).read()
    assert parts["ram"].kwh is None
    assert parts["cpu"].kwh == 0


def test_a_daemon_without_processors_gives_missing_and_not_zero():
    client = Client(())
    client.cpu_uj = []
    assert {part.kwh for part in started(client).read().values()} == {None}


def test_a_missing_daemon_address_is_reported_with_the_remedy():
    sensor = ZeusdSensor(None, {})
    sensor.start()
    assert "ZEUSD_SOCK_PATH" in sensor.read()["cpu"].source
    assert "wattshed[zeus]" in sensor.absences["cpu"].remedy


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({"auth_error": "Token rejected"}, "Token rejected"),
        ({"can_read_cpu": False}, "may not read CPU energy"),
    ],
)
def test_energy_is_missing_with_a_remedy_if_the_daemon_refuses_access(state, reason):
    client = Client()
    vars(client).update(state)
    sensor = started(client)
    assert reason in sensor.absences["cpu"].reason
    assert sensor.absences["cpu"].remedy
    assert sensor.read()["cpu"].kwh is None


def test_energy_is_missing_only_while_the_daemon_fails():
    client = Client()
    sensor = started(client)
    client.error = RuntimeError("no answer")
    assert sensor.read()["cpu"].source == "zeusd: no answer"
    client.error = None
    client.cpu_uj = [4_600_000, 2_000_000]
    assert sensor.read()["cpu"].kwh == pytest.approx(3.6 / JOULES_PER_KWH)


def test_energy_is_missing_until_zeusd_has_handled_a_counter_wrap():
    clock, client = HandClock(), Client()
    client.cpu_uj = [9_000_000, 0]
    sensor = started(client, clock=clock)
    client.cpu_uj = [500_000, 0]
    assert "a moment ago" in sensor.read()["cpu"].source
    clock.sleep(0.5)
    client.cpu_uj = [10_600_000, 0]
    assert sensor.read()["cpu"].kwh == pytest.approx(1.6 / JOULES_PER_KWH)
    # The next wrap, much later, is a new one.
    clock.sleep(600.0)
    client.cpu_uj = [10_500_000, 0]
    assert "a moment ago" in sensor.read()["cpu"].source


def test_energy_stays_missing_after_a_restart_of_zeusd():
    clock, client = HandClock(), Client()
    sensor = started(client, clock=clock)
    client.cpu_uj = [0, 0]
    sensor.read()
    clock.sleep(6.0)
    sensor.read()
    client.cpu_uj = [9_000_000, 9_000_000]
    assert "restart of zeusd" in sensor.read()["cpu"].source


def test_the_sensor_can_be_stopped_without_a_start_and_twice():
    sensor = ZeusdSensor(Client(), THERE)
    sensor.stop()
    sensor.start()
    sensor.stop()
    sensor.stop()
    assert sensor.read()["cpu"].source == "zeusd: stopped"


def test_energy_is_missing_if_zeus_or_its_daemon_is_missing(tmp_path):
    sensor = ZeusdSensor(None, {"ZEUSD_SOCK_PATH": str(tmp_path / "none.sock")})
    sensor.start()
    assert sensor.read()["cpu"].kwh is None
    assert sensor.absences["cpu"].remedy


@pytest.fixture
def daemon():
    """An HTTP server that answers as zeusd does, with 3.6 J more at each reading."""
    readings = iter(range(1, 100))

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            path = self.path.partition("?")[0]
            answers = {
                "/discover": lambda: {
                    "gpus": [],
                    "cpus": [{"id": 0, "dram_available": False}],
                    "enabled_api_groups": ["cpu-read"],
                    "auth_required": False,
                },
                "/cpu/get_cumulative_energy": lambda: {
                    "0": {"cpu_energy_uj": 3_600_000 * next(readings), "dram_energy_uj": None}
                },
            }
            body = json.dumps(answers[path]()).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments): ...

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_sensor_works_with_the_real_zeus_client(daemon):
    pytest.importorskip("zeus.utils.zeusd", reason="zeus is not installed: pip install 'wattshed[zeus]'")
    sensor = ZeusdSensor(None, {"ZEUSD_HOST_PORT": daemon})
    sensor.start()
    parts = sensor.read()
    assert parts["cpu"].kwh == pytest.approx(1e-6)
    assert parts["cpu"].source == f"rapl by zeusd at {daemon}"
    assert parts["ram"].kwh is None
