"""The script that writes the commit into each build: whatever is around the sources, no build fails because of it."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

SCRIPT = pathlib.Path(__file__).parents[2] / "Sources" / "RevisionPlugin" / "write-revision.sh"
IDENTITY = {f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
# Neither the user's settings nor a repository that a hook of git runs this in.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | IDENTITY
ENVIRONMENT |= {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}


def git(folder, *arguments):
    command = ["git", "-C", folder, *arguments]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, check=True, text=True).stdout.strip()


def write(package, output, environment=ENVIRONMENT):
    """Runs the script as the build does; returns the revision that the Swift file says."""
    command = ["/bin/sh", SCRIPT, package, output]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=20)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    return re.fullmatch(r'func writtenRevision\(\) -> String \{ "(.*)" \}\n', output.read_text())[1]


@pytest.fixture
def output(tmp_path):
    return tmp_path / "Written.swift"


@pytest.fixture
def package(tmp_path):
    """A folder like ours, with an awkward name, not in git."""
    folder = tmp_path / "echod $(false) 'x'"
    (folder / "Sources").mkdir(parents=True)
    (folder / "CMicroHTTPD").mkdir()
    for name in ("Package.swift", "README.md", "Sources/main.swift", "CMicroHTTPD/shim.h"):
        (folder / name).touch()
    return folder


@pytest.fixture
def repository(package):
    git(package, "init", "--quiet")
    git(package, "add", ".")
    git(package, "commit", "--quiet", "--message", "One")
    return package


def commit(folder):
    return git(folder, "rev-parse", "--short=7", "HEAD")


def test_commit(repository, output):
    assert write(repository, output) == commit(repository)
    before = output.stat()
    assert write(repository, output) == commit(repository)
    after = output.stat()
    # Nothing is compiled again.
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)
    git(repository, "commit", "--quiet", "--allow-empty", "--message", "Two")
    assert write(repository, output) == commit(repository)


@pytest.mark.parametrize("change", ["Package.swift", "Sources/main.swift", "Sources/new.swift", "CMicroHTTPD/shim.h"])
def test_changed_sources_are_told(repository, output, change):
    (repository / change).write_text("changed")
    assert write(repository, output) == f"{commit(repository)}-dirty"
    git(repository, "add", ".")
    assert write(repository, output) == f"{commit(repository)}-dirty"
    git(repository, "commit", "--quiet", "--message", "Two")
    assert write(repository, output) == commit(repository)


def test_other_changes_are_not(repository, output):
    (repository / "README.md").write_text("changed")
    assert write(repository, output) == commit(repository)


def test_work_tree(repository, output, tmp_path):
    tree = tmp_path / "tree"
    git(repository, "worktree", "add", "--quiet", "-b", "other", tree)
    git(tree, "commit", "--quiet", "--allow-empty", "--message", "Two")
    assert write(tree, output) == commit(tree) != commit(repository)


def test_submodule(repository, output, tmp_path):
    outer = tmp_path / "outer"
    outer.mkdir()
    git(outer, "init", "--quiet")
    git(outer, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", repository, "inner")
    assert write(outer / "inner", output) == commit(repository)


def test_tarball(package, output):
    assert write(package, output) == ""


def test_tarball_in_the_repository_of_somebody_else(package, output):
    git(package.parent, "init", "--quiet")
    git(package.parent, "commit", "--quiet", "--allow-empty", "--message", "One")
    assert write(package, output) == ""


def test_repository_without_a_commit(package, output):
    git(package, "init", "--quiet")
    assert write(package, output) == ""


def test_damaged_repository(repository, output):
    (repository / ".git" / "HEAD").write_text("nonsense")
    assert write(repository, output) == ""


def test_damaged_index(repository, output):
    (repository / ".git" / "index").write_text("nonsense")
    assert write(repository, output) == f"{commit(repository)}-dirty"


def test_without_git(repository, output, tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "cat"):
        (tools / name).symlink_to(shutil.which(name))
    assert write(repository, output, ENVIRONMENT | {"PATH": str(tools)}) == ""


def test_repository_of_another_user(repository, output):
    """git refuses to read it: there is no revision then, and the build goes on."""
    environment = ENVIRONMENT | {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}
    assert write(repository, output, environment) == ""
