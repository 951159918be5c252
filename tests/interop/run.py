#!/usr/bin/env python3
"""Has diametric talk to other implementations of Diameter over loopback TCP, and tshark read what it says.

    run.py --diametric BINARY --python INTERPRETER --erlang DIRECTORY [--keep DIRECTORY] [--list] [TEST...]

INTERPRETER is a Python that has python-diameter, DIRECTORY has the Erlang peer compiled. Tests are named peer-role-scenario; the
beginning of a name stands for all tests that begin so. With --keep, the logs and captures of all tests are left there.
"""

import argparse
import json
import pathlib
import shutil
import signal
import sys
import tempfile
import time
import traceback

from capture import Capture
from process import Failed, Process, free_port
from scenarios import SCENARIOS, TESTS

HERE = pathlib.Path(__file__).resolve().parent
# What diametric is called, as a client and as a server; the peers carry their own names.
CLIENT_HOST, CLIENT_REALM = "ctf.visited.example.com", "visited.example.com"
SERVER_HOST, SERVER_REALM = "ocs.home.example.com", "home.example.com"
IMSI = "001010123456789"


class Test:
    """One test: its directory, its processes, its capture."""

    def __init__(self, setup, name, directory):
        self.setup = setup
        self.peer, self.role, self.name = TESTS[name]
        self.scenario = SCENARIOS[self.name]
        self.offline = self.name.startswith("rf-")
        self.directory = directory
        self.processes = []
        self.capture = None

    def run(self):
        getattr(self, f"against_{self.role}")()

    def start(self, name, command, **more):
        process = Process(name, command, self.directory, **more)
        self.processes.append(process)
        return process

    def end(self):
        """Leaves no process behind."""
        for process in reversed(self.processes):
            process.kill()

    # The three set-ups

    def against_server(self):
        """Our client, a server of the peer."""
        server, port = self.peer_server()
        capture = Capture(self, port)
        client = self.our_client(port, f"{self.peer}.example.net")
        client.await_end()
        server.stop()
        capture.stop()
        self.check_lines(server, "request")
        self.check_our_client(client)
        capture.check(lambda message: message.destination == port, self.scenario.sent("client"))

    def against_client(self):
        """A client of the peer, our server."""
        server, port = self.our_server()
        capture = Capture(self, port)
        client = self.peer_client(port)
        status = client.await_end()
        self.stop_our_server(server)
        capture.stop()
        told = self.check_lines(client, "command")
        if status != 0:
            raise Failed(f"{client.name} ended with status {status}")
        expected = self.scenario.sent("server") or len(told)
        capture.check(lambda message: message.source == port, expected, self.scenario.tolerated)

    def against_relay(self):
        """Our client, a relay of the peer, our server."""
        if self.name == "undeliverable":
            server, server_port = None, free_port()
        else:
            server, server_port = self.our_server()
        port = free_port()
        capture = Capture(self, port, server_port)
        relay = self.relay(port, server_port, server)
        client = self.our_client(port, SERVER_REALM)
        client.await_end()
        if server:
            self.stop_our_server(server)
        relay.stop()
        capture.stop()
        self.check_our_client(client)
        capture.check(lambda message: message.destination == port, self.scenario.sent("client"))
        if server:
            capture.check(lambda message: message.source == server_port, self.scenario.sent("server"))

    # Our side

    def our_client(self, port, realm):
        command = ["rf"] if self.offline else ["ro", "--service-context-id", "32251@3gpp.org", "--subscription-id-imsi", IMSI]
        return self.start("our-client", [self.setup.diametric, *command, "--peer", f"127.0.0.1:{port}",
                                         "--destination-realm", realm, "--origin-host", CLIENT_HOST,
                                         "--origin-realm", CLIENT_REALM, *self.scenario.our_client])

    def our_server(self):
        command = ["cdf", "--out", self.directory / "records"] if self.offline else ["ocs", "--grant-octets", "1000000"]
        server = self.start("our-server", [self.setup.diametric, *command, "--listen", "127.0.0.1:0", "--origin-host",
                                           SERVER_HOST, "--origin-realm", SERVER_REALM, *self.scenario.our_server])
        return server, server.listening()

    def stop_our_server(self, server):
        status = server.stop()
        if status != 0:
            raise Failed("our-server did not end on SIGTERM" if status is None else f"our-server ended with status {status}")
        if self.offline:
            self.check_records()

    def check_records(self):
        """Our CDF must have kept each record once."""
        lines = [json.loads(line) for line in (self.directory / "records").read_text().splitlines()]
        kept = [(line["record_type"], line["record_number"]) for line in lines]
        expected = self.scenario.records
        if expected is None:
            expected = [step[1:] for step in self.scenario.steps]
        if kept != expected:
            raise Failed(f"our-server kept the records {kept}, not {expected}")

    def check_our_client(self, client):
        for command, kind, number, code in self.check_lines(client, "command"):
            if code != self.scenario.answer_to(command):
                raise Failed(f"our-client told of {code} for {command} {kind} {number}")
        if client.status() != self.scenario.status:
            raise Failed(f"our-client ended with status {client.status()}, not {self.scenario.status}")

    # The peers

    def peer_server(self):
        port = free_port()
        if self.peer == "erlang":
            command = self.erlang("server", port, *self.scenario.erlang)
        else:
            command = self.python("server", port, CLIENT_HOST, CLIENT_REALM, *self.scenario.python)
        server = self.start(f"{self.peer}-server", command)
        return server, server.listening()

    def peer_client(self, port):
        if self.peer == "erlang":
            command = self.erlang("client", port, SERVER_REALM, self.name)
        else:
            command = self.python("client", port, SERVER_HOST, SERVER_REALM, self.name)
        return self.start(f"{self.peer}-client", command)

    def erlang(self, *arguments):
        return ["erl", "-noshell", "-pa", self.setup.erlang, "-s", "interop_peer", "main", "-extra", *arguments]

    def python(self, *arguments):
        return [self.setup.python, HERE / "python" / "peer.py", *arguments]

    def relay(self, port, server_port, server):
        values = {"PORT": port, "DIRECTORY": self.directory, "CLIENT_HOST": CLIENT_HOST,
                  "SERVER_PORT": server_port, "SERVER_HOST": SERVER_HOST, "SERVER_REALM": SERVER_REALM}
        for source in (HERE / "freediameter").glob("*.in"):
            text = source.read_text()
            for name, value in values.items():
                text = text.replace(f"@{name}@", str(value))
            (self.directory / source.stem).write_text(text)
        # Its output would stay in a buffer while this waits for it.
        relay = self.start("relay", ["stdbuf", "-oL", "freeDiameterd", "-c", self.directory / "relay.conf"])
        relay.await_text(r"-> 'STATE_OPEN'" if server else "freeDiameterd daemon initialized")
        return relay

    # What a side told

    def check_lines(self, process, key):
        """Compares what a side told with the scenario; returns it as (command, kind, number, Result-Code)."""
        lines = process.lines()
        faults = [line["fault"] for line in lines if "fault" in line]
        lines = [line for line in lines if key in line]
        faults += [f"{line[key]} {line['type']} {line['number']}: {fault}" for line in lines for fault in line.get("faults", [])]
        if faults:
            raise Failed("\n".join(f"{process.name}: {fault}" for fault in faults))
        told = [(line[key], line.get("type"), line.get("number"), line.get("result_code")) for line in lines]
        # A side may tell of a re-authorization before or after the update that it leads to; the capture has their order.
        steps = self.scenario.steps
        if steps is not None and sorted(map(exchange, told)) != sorted(map(exchange, steps)):
            raise Failed(f"{process.name} told of {[exchange(one) for one in told]}, not of {steps}")
        if not told:
            raise Failed(f"{process.name} told of nothing")
        return told


def exchange(told):
    """What identifies an exchange: a request of a server has no kind and no number of its own."""
    return told[:1] if told[0] in ("RAR", "ASR") else told[:3]


def report(name, test, error):
    """Everything there is to see of a failed test."""
    print(f"{name}: FAILED\n  {str(error) or repr(error)}".replace("\n", "\n  "))
    if not isinstance(error, Failed):
        traceback.print_exception(error, file=sys.stdout)
    for process in test.processes:
        if process.name == "dumpcap":
            continue
        print(f"  ---- {process.name}: {process.command}")
        text = process.text()
        if len(text) > 6000:
            text = text[:2000] + "\n[…]\n" + text[-4000:]
        print("  | " + text.rstrip().replace("\n", "\n  | "))
    if test.capture:
        test.capture.stop()
        print("  ---- traffic\n  | " + test.capture.summary().rstrip().replace("\n", "\n  | "))
    sys.stdout.flush()


def chosen(names):
    if not names:
        return list(TESTS)
    for name in names:
        if not any(test.startswith(name) for test in TESTS):
            sys.exit(f"no test is called {name}; --list tells the names")
    return [test for test in TESTS if any(test.startswith(name) for name in names)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--diametric")
    parser.add_argument("--python")
    parser.add_argument("--erlang")
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("tests", nargs="*")
    setup = parser.parse_args()
    names = chosen(setup.tests)
    if setup.list:
        print("\n".join(names))
        return 0
    base = setup.keep or pathlib.Path(tempfile.mkdtemp(prefix="interop-"))
    failed = 0
    # So that a run that is told to end leaves no process behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        for name in names:
            directory = base / name
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir(parents=True)
            test = Test(setup, name, directory)
            started = time.monotonic()
            try:
                test.run()
                print(f"{name}: ok, {time.monotonic() - started:.1f} s", flush=True)
            except Exception as error:
                failed += 1
                report(name, test, error)
            finally:
                test.end()
    finally:
        if not setup.keep:
            shutil.rmtree(base, ignore_errors=True)
    print(f"{len(names) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
