"""The commit of a result is the commit of its own checkout, or unknown."""

import os
import subprocess

import pytest

from wattshed.foundation.checkout import (
    shipped_file,
    without_braces_in_name,
)
from wattshed.foundation.faults import Fault
from wattshed.foundation.provenance import describe_commit

UNKNOWN = {"commit": "unknown", "dirty": None}


@pytest.fixture
def repository(tmp_path):
    place = tmp_path / "outer"
    place.mkdir()
    words = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    for command in (["init", "-q"], [*words, "commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run(["git", *command], cwd=place, check=True)
    return place


def test_a_checkout_has_its_own_commit(repository):
    found = describe_commit(repository)
    assert len(found["commit"]) == 40
    assert found["dirty"] is False


def test_a_copy_inside_another_repository_does_not_get_its_commit(repository):
    (repository / "wattshed").mkdir()
    assert describe_commit(repository / "wattshed") == UNKNOWN


def test_the_commit_is_unknown_without_a_repository_or_without_git(tmp_path, repository, monkeypatch):
    assert describe_commit(tmp_path) == UNKNOWN
    monkeypatch.setenv("PATH", str(tmp_path))
    assert describe_commit(repository) == UNKNOWN


def test_a_shipped_file_is_found_from_any_folder_and_an_own_one_is_preferred(tmp_path, root):
    place = "data/homes/panel.parquet"
    assert shipped_file(place, tmp_path) == root / place
    own = tmp_path / place
    own.parent.mkdir(parents=True)
    own.touch()
    assert shipped_file(place, tmp_path) == own


def test_a_path_with_braces_gets_a_link_without_them(tmp_path):
    plain = tmp_path / "a b.csv"
    assert without_braces_in_name(plain, tmp_path / "links") == str(plain)
    odd = tmp_path / "a {b}.csv"
    odd.write_text("x")
    link = without_braces_in_name(odd, tmp_path / "links")
    assert "{" not in link
    assert os.path.samefile(link, odd)
    assert without_braces_in_name(odd, tmp_path / "links") == link


def test_a_missing_path_with_braces_and_an_unusable_link_folder_are_reported(tmp_path):
    with pytest.raises(Fault, match="does not exist: correct the path"):
        without_braces_in_name(tmp_path / "a {b}.csv", tmp_path / "links")
    odd = tmp_path / "{b}"
    odd.write_text("x")
    with pytest.raises(Fault, match="contains braces, which Snakemake reads as wildcards"):
        without_braces_in_name(odd, odd / "links")
