"""A real terminal: a pseudo-terminal with a session of its own, on whose keyboard a test types."""

import fcntl
import os
import pty
import select
import subprocess
import termios
import time

CTRL_C = b"\x03"
CTRL_BACKSLASH = b"\x1c"
CTRL_Z = b"\x1a"
PATIENCE_S = 60


class Terminal:
    """Starts a process as the leader of the terminal's session; what it prints is in ``text``."""

    def __init__(self, words, *, stdin=None, **options):
        self._keyboard, screen = pty.openpty()
        self.text = ""
        self.process = subprocess.Popen(
            words,
            stdin=screen if stdin is None else stdin,
            stdout=screen,
            stderr=screen,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(screen, termios.TIOCSCTTY, 0),
            **options,
        )
        os.close(screen)

    def type(self, keys):
        os.write(self._keyboard, keys)

    def wait_for(self, text):
        """Read until ``text`` was printed."""
        give_up_s = time.monotonic() + PATIENCE_S
        while text not in self.text:
            assert time.monotonic() < give_up_s, self.text
            self._read()

    def wait(self):
        """The exit code of the process, and all that was printed."""
        give_up_s = time.monotonic() + PATIENCE_S
        while self._read() or self.process.poll() is None:
            assert time.monotonic() < give_up_s, self.text
        os.close(self._keyboard)
        return self.process.wait(), self.text

    def hang_up(self):
        os.close(self._keyboard)

    def _read(self):
        if not select.select([self._keyboard], [], [], 0.05)[0]:
            return False
        try:
            found = os.read(self._keyboard, 65536)
        except OSError:
            # All others have closed it.
            return False
        self.text += found.decode(errors="replace")
        return bool(found)
