"""What all tests share: the repository, a small panel, a meter that writes a real ledger, and a neutral environment."""

import os

# One thread for each of two workers: threads that wait for a busy core cost several times the work itself.
os.environ["OMP_NUM_THREADS"] = "1"

import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from skip_list import ALLOWED, STRICT, SkipList, allowed_reasons
from small_study import graph_of, small_panel, task_of
from wattshed.config.energy.metering import MeteringBlock
from wattshed.data.graph import Graph
from wattshed.forecast.protocol import ForecastTask
from wattshed.foundation.extending.own_files import OWN_PLUGINS, use_own_plugins

ROOT = Path(__file__).resolve().parent.parent
# The settings of the user's own environment must not change any test.
FOREIGN = (
    "WATTSHED_",
    "CODECARBON_",
    "SLURM_",
    "ZEUSD_",
    "ELECTRICITYMAPS_",
    # Of launchers of distributed programs.
    "RANK",
    "LOCAL_",
    "WORLD_SIZE",
    "GROUP_RANK",
    "NODE_RANK",
    "MASTER_",
    "TORCHELASTIC_",
    "OMPI_",
    "PMI",
    "MPI_",
)

# Files whose tests read the one study that the fixture ``finished`` runs.
OF_THE_FINISHED_STUDY = (
    "tests/workflow/test_dag.py",
    "tests/workflow/test_report_numbers.py",
    "tests/workflow/test_toy_plugins.py",
)

# Other files that take longest. One that began last would leave the other workers idle.
LONG = (
    "tests/unit/test_core_install.py",
    "tests/unit/test_architecture.py",
    "tests/unit/commands/test_measure_signals.py",
    "tests/unit/accounts/test_recommend.py",
    "tests/unit/accounts/test_recommend_words.py",
    "tests/unit/adaptation/test_drift.py",
    "tests/unit/adaptation/test_strategy_contract.py",
    "tests/unit/commands/test_measure_ends.py",
    "tests/unit/commands/test_accounts.py",
    "tests/unit/commands/test_memory.py",
    "tests/unit/clocks/test_choice.py",
    "tests/unit/compression/test_making_and_comparing.py",
    "tests/unit/compression/test_method_contract.py",
    "tests/unit/test_contributing.py",
    "tests/unit/publish/test_accounts_figures.py",
    "tests/unit/engine/test_backend_choice.py",
    "tests/unit/engine/test_fused_cpu.py",
    "tests/unit/forecast/test_baseline_contract.py",
    "tests/unit/forecast/test_export.py",
    "tests/unit/forecast/test_information.py",
    "tests/unit/publish/test_part_contract.py",
    "tests/unit/training/test_budget_stop.py",
    "tests/unit/training/test_deep_and_dropped.py",
    "tests/unit/training/test_footprint.py",
    "tests/unit/training/test_sequences.py",
    "tests/unit/training/test_training.py",
)

# The same examples in every run, and no time limit for one, which would test the machine.
settings.register_profile("decided_by_code", derandomize=True, deadline=None, database=None)
settings.load_profile("decided_by_code")


def heed_signals():
    """Undo the ignored signals and the mask of whoever started the tests, such as nohup or a script's background job.

    The processes that tests start inherit them, and a test that sends such a signal would wait for ever.
    """
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in (
        signal.SIGHUP,
        signal.SIGINT,
        signal.SIGQUIT,
        signal.SIGTERM,
        signal.SIGTSTP,
        signal.SIGCHLD,
    ):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


def pytest_configure(config):
    heed_signals()
    strict = os.environ.get(STRICT) == "1"
    for name in [name for name in os.environ if name.upper().startswith(FOREIGN) and name != STRICT]:
        del os.environ[name]
    # With several workers, only the reporting process knows every skip.
    if not hasattr(config, "workerinput"):
        reasons = allowed_reasons(ALLOWED.read_text(encoding="utf-8"))
        config.pluginmanager.register(SkipList(reasons, strict))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """A file's tests stay on one worker, because they share panels, models and studies; so do those of one study."""
    from xdist.scheduler.loadscope import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.partition("::")[0]
            return "finished" if file in OF_THE_FINISHED_STUDY else file

    return Together(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """The workflow's tests take longest and come first, those of the finished study before all others.

    Then come the other long files.
    """
    places = {item: item.nodeid.partition("::")[0] for item in items}
    users = {place for item, place in places.items() if "finished" in item.fixturenames}
    assert users <= set(OF_THE_FINISHED_STUDY), (
        "a new file uses the finished study: add it to OF_THE_FINISHED_STUDY"
    )
    items.sort(
        key=lambda item: (
            places[item] not in OF_THE_FINISHED_STUDY,
            "/workflow/" not in places[item],
            places[item] not in LONG,
        )
    )


def pytest_runtest_setup():
    """torch's global generator has the same seed at the start of each test; pytest-randomly seeds the others."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(0)


@pytest.fixture(scope="session", autouse=True)
def idle_folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The idle power of this host is kept in a folder of the tests, not in the user's cache folder."""
    os.environ["WATTSHED_IDLE_FOLDER"] = str(tmp_path_factory.mktemp("idle"))


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture
def own_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Writes a study's own plug-in and registers it for this test only."""
    # Restored after the test.
    monkeypatch.setenv(OWN_PLUGINS, "[]")

    def write(name: str, text: str) -> Path:
        file = tmp_path / f"{name}.py"
        file.write_text(text)
        use_own_plugins([file])
        return file

    return write


@pytest.fixture
def metering() -> MeteringBlock:
    return MeteringBlock(minimum_window_s=0.05, idle_s=0.0)


@pytest.fixture(scope="session")
def task() -> ForecastTask:
    return task_of(small_panel())


@pytest.fixture(scope="session")
def gappy_task() -> ForecastTask:
    return task_of(small_panel(missing_share=0.1))


@pytest.fixture(scope="session")
def graph(task: ForecastTask) -> Graph:
    return graph_of(task)
