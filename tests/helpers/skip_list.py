"""Which tests may be skipped in CI: those whose reason stands in tests/allowed_skips.txt."""

from pathlib import Path

ALLOWED = Path(__file__).resolve().parents[1] / "allowed_skips.txt"
STRICT = "WATTSHED_CI"


class SkipList:
    """Collects skipped tests; in strict mode a skip whose reason is not on the list fails the run.

    allowed: beginnings of the reasons that are allowed.
    """

    def __init__(self, allowed, strict):
        self._allowed = tuple(allowed)
        self._strict = strict
        self.skipped = []

    def pytest_runtest_logreport(self, report):
        self._note(report)

    def pytest_collectreport(self, report):
        self._note(report)

    def _note(self, report):
        if report.skipped and not hasattr(report, "wasxfail"):
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            self.skipped.append((report.nodeid, reason.removeprefix("Skipped: ")))

    def refused(self):
        return [(name, reason) for name, reason in self.skipped if not reason.startswith(self._allowed)]

    def pytest_sessionfinish(self, session):
        if self._strict and self.refused() and session.exitstatus == 0:
            session.exitstatus = 1

    def pytest_terminal_summary(self, terminalreporter):
        if not self._strict:
            return
        for name, reason in self.refused():
            terminalreporter.write_line(
                f"SKIP NOT ALLOWED {name}: {reason} (install what is missing, or add it to {ALLOWED.name})"
            )


def allowed_reasons(text):
    """The reasons of a list: one a line, with why after two spaces and a #; raises ValueError where that is missing."""
    reasons = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        reason, mark, why = line.partition("  # ")
        if not mark or not why.strip():
            raise ValueError(f"{line!r} says no reason: expected 'beginning of the skip's message  # why'")
        reasons.append(reason)
    return reasons
