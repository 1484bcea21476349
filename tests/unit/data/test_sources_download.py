"""Downloads from a real local server: resumed by Range, checked by md5, with a clear error without a network."""

import hashlib
import http.server
import re
import threading
from collections.abc import Iterator

import pytest

from wattshed.data.readers.zenodo import download
from wattshed.data.sources.goiener import Settings as GoienerSource
from wattshed.data.sources.goiener_panel import fetch
from wattshed.foundation.faults import Fault

CONTENT = bytes(range(256)) * 4000
MD5 = hashlib.md5(CONTENT).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    """Serves ``CONTENT`` under every path; can break the connection and can ignore ranges."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.ranges: list[str | None] = []
        self.paths: list[str] = []
        self.honours_ranges = True
        self.breaks_after: list[int] = []
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/records/{{name}}"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        self.server.paths.append(self.path)
        if self.server.status != 200:
            self.send_error(self.server.status)
            return
        start = int(re.match(r"bytes=(\d+)-$", asked)[1]) if asked and self.server.honours_ranges else 0
        if start >= len(CONTENT):
            self.send_error(416)
            return
        body = CONTENT[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.server.breaks_after:
            body = body[: self.server.breaks_after.pop(0)]
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_a_file_is_downloaded_only_once(server, tmp_path):
    path = tmp_path / "folder" / "a.bin"
    download(server.url, path, MD5)
    download(server.url, path, MD5)
    assert path.read_bytes() == CONTENT
    assert server.ranges == [None]
    assert [file.name for file in path.parent.iterdir()] == ["a.bin"]


def test_a_broken_download_resumes_where_it_stopped(server, tmp_path):
    server.breaks_after = [300_000, 200_000]
    download(server.url, tmp_path / "a.bin", MD5)
    assert (tmp_path / "a.bin").read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=300000-", "bytes=500000-"]


def test_a_later_run_resumes_a_partial_download(server, tmp_path):
    (tmp_path / "a.bin.part").write_bytes(CONTENT[:1000])
    download(server.url, tmp_path / "a.bin", MD5)
    assert server.ranges == ["bytes=1000-"]
    assert (tmp_path / "a.bin").read_bytes() == CONTENT


def test_a_download_restarts_if_the_server_ignores_ranges(server, tmp_path):
    server.honours_ranges = False
    (tmp_path / "a.bin.part").write_bytes(CONTENT[:1000])
    download(server.url, tmp_path / "a.bin", MD5)
    assert (tmp_path / "a.bin").read_bytes() == CONTENT


def test_a_complete_part_file_becomes_the_downloaded_file(server, tmp_path):
    (tmp_path / "a.bin.part").write_bytes(CONTENT)
    download(server.url, tmp_path / "a.bin", MD5)
    assert (tmp_path / "a.bin").read_bytes() == CONTENT


def test_a_download_with_a_wrong_md5_is_refused_and_deleted(server, tmp_path):
    with pytest.raises(Fault, match=rf"a.bin from 127.0.0.1:\d+ has md5 {MD5}; expected 0{{32}}: run again"):
        download(server.url, tmp_path / "a.bin", "0" * 32)
    assert list(tmp_path.iterdir()) == []


def test_a_file_on_disk_with_a_wrong_md5_is_refused(server, tmp_path):
    (tmp_path / "a.bin").write_bytes(b"something else")
    with pytest.raises(Fault, match=r"a.bin has md5 .*; expected .*: delete the file"):
        download(server.url, tmp_path / "a.bin", MD5)


def test_a_download_that_keeps_breaking_keeps_the_bytes_received(server, tmp_path):
    server.breaks_after = [1000] * 5
    with pytest.raises(
        Fault, match=r"a.bin could not be downloaded .*5000 bytes arrived.*run again to resume"
    ):
        download(server.url, tmp_path / "a.bin", MD5)
    assert (tmp_path / "a.bin.part").stat().st_size == 5000


def test_a_missing_network_is_reported(tmp_path):
    with pytest.raises(Fault, match=r"could not be downloaded from 127.0.0.1:1 .*expected a network"):
        download("http://127.0.0.1:1/x", tmp_path / "a.bin", MD5)


def test_a_file_missing_on_the_server_is_requested_once(server, tmp_path):
    server.status = 404
    with pytest.raises(Fault, match="Not Found"):
        download(server.url, tmp_path / "a.bin", MD5)
    assert len(server.ranges) == 1


def test_the_goiener_archive_and_its_metadata_are_downloaded(server, tmp_path):
    source = GoienerSource(kind="goiener", folder="study", period="imp-in")
    fetch(source, tmp_path, server.url, {"metadata.csv": MD5, "imp-in.tzst": MD5})
    assert sorted(file.name for file in (tmp_path / "study").iterdir()) == ["imp-in.tzst", "metadata.csv"]
    assert server.paths == ["/records/metadata.csv", "/records/imp-in.tzst"]
