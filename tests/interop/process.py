"""Processes of a test: started with their output in files, awaited with a limit, ended with all they started."""

import ctypes
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import time

# Seconds; longer than any scenario takes on a busy machine.
LIMIT = 30
LIBC = ctypes.CDLL(None)


class Failed(Exception):
    """A test failed; the message says why."""


class Process:
    """A running process."""

    def __init__(self, name, command, directory):
        words = [str(word) for word in command]
        self.name = name
        self.command = shlex.join(words)
        self.out = directory / f"{name}.out"
        self.err = directory / f"{name}.err"
        with self.out.open("wb") as out, self.err.open("wb") as err:
            # In a process group of its own, so that what it starts can be ended with it.
            self.popen = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=directory,
                                          start_new_session=True, preexec_fn=die_with_parent)

    def text(self):
        return self.out.read_text(errors="replace") + self.err.read_text(errors="replace")

    def lines(self):
        """The JSON lines of its output."""
        return [json.loads(line) for line in self.out.read_text().splitlines() if line.startswith("{")]

    def status(self):
        return self.popen.poll()

    def await_text(self, pattern):
        """Waits until it has said `pattern`; returns the match."""
        until = time.monotonic() + LIMIT
        while time.monotonic() < until:
            ended = self.status()
            found = re.search(pattern, self.text())
            if found:
                return found
            if ended is not None:
                raise Failed(f"{self.name} ended with status {ended} and never said {pattern!r}")
            time.sleep(0.02)
        raise Failed(f"{self.name} did not say {pattern!r} within {LIMIT} s")

    def listening(self):
        """Waits until it listens; returns its port."""
        return int(self.await_text(r"listening on 127\.0\.0\.1:(\d+)").group(1))

    def await_end(self):
        try:
            return self.popen.wait(LIMIT)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name} did not end within {LIMIT} s") from None

    def stop(self, how=signal.SIGTERM):
        """Asks it to end, and makes it if it does not; returns its status, None if it had to be made."""
        if self.status() is None:
            self.popen.send_signal(how)
        try:
            return self.popen.wait(5)
        except subprocess.TimeoutExpired:
            return None
        finally:
            self.kill()

    def kill(self):
        try:
            os.killpg(self.popen.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.popen.wait()


def die_with_parent():
    """Has the kernel end this process if the tests are killed before they could."""
    pr_set_pdeathsig = 1
    LIBC.prctl(pr_set_pdeathsig, signal.SIGKILL)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
