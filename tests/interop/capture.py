"""The traffic of a test: recorded by dumpcap, read by tshark."""

import collections
import re
import signal
import subprocess
import time
import xml.etree.ElementTree as ElementTree

from process import LIMIT, Failed

# The commands that serve a connection; all others are of applications.
BASE = {257, 280, 282}
NAMES = {258: "RA", 271: "AC", 272: "CC", 274: "AS"}
# An empty Requested-Service-Unit leaves the amount to the server.
FINE = r"AVP: Requested-Service-Unit\(.*: Data is empty"
# Of tshark's severities, from "warning" on.
WARNING = 0x600000
MALFORMED = 0x7000000

Message = collections.namedtuple("Message", "source destination command request complaints")


class Capture:
    """Records what goes over some TCP ports."""

    def __init__(self, test, *ports):
        self.ports = ports
        self.path = test.directory / "traffic.pcapng"
        condition = " or ".join(f"tcp port {port}" for port in ports)
        test.capture = self
        self.dumpcap = test.start("dumpcap", ["dumpcap", "-q", "-i", "lo", "-f", condition, "-w", self.path])
        # It names its file once it is capturing.
        self.dumpcap.await_text(r"File: ")

    def stop(self):
        # The last packets have to come through the kernel's buffer.
        time.sleep(0.3)
        self.dumpcap.stop(signal.SIGINT)

    def tshark(self, *arguments):
        command = ["tshark", "-r", self.path, "-Y", "diameter", *arguments]
        for port in self.ports:
            command += ["-d", f"tcp.port=={port},diameter"]
        read = subprocess.run(command, capture_output=True, timeout=LIMIT, check=False)
        if read.returncode != 0:
            raise Failed(f"tshark: {read.stderr.decode()}")
        return read.stdout

    def summary(self):
        """A line for each packet."""
        fields = ["tcp.srcport", "tcp.dstport", "_ws.col.Info"]
        arguments = [word for field in fields for word in ("-e", field)]
        return self.tshark("-T", "fields", *arguments).decode()

    def messages(self):
        """All Diameter messages, as tshark understands them."""
        for packet in ElementTree.fromstring(self.tshark("-T", "pdml")).iter("packet"):
            ends = [int(packet.find(f".//field[@name='tcp.{end}port']").get("show")) for end in ("src", "dst")]
            broken = [proto.get("showname") for proto in packet.iter("proto")
                      if proto.get("name") == "_ws.malformed"]
            for proto in packet.iter("proto"):
                if proto.get("name") == "diameter":
                    command, request = (int(proto.find(f".//field[@name='diameter.{name}']").get("show"))
                                        for name in ("cmd.code", "flags.request"))
                    yield Message(*ends, command, bool(request), broken + complaints(proto))

    def check(self, ours, expected, tolerated=None):
        """tshark must not complain about any message of ours, unless of what is `tolerated`. The charging ones must be
        `expected`, such as "CCR RAA CCR", or as many as that where it is a number."""
        mine = [message for message in self.messages() if ours(message)]
        complained = [f"tshark of our {name(message)}: {complaint}" for message in mine for complaint in message.complaints
                      if not re.search(tolerated or FINE, complaint)]
        if complained:
            raise Failed("\n".join(complained))
        charging = [name(message) for message in mine if message.command not in BASE]
        if expected not in (len(charging), " ".join(charging)):
            raise Failed(f"tshark saw us send {' '.join(charging)}, not {expected}")


def name(message):
    prefix = NAMES.get(message.command, f"{message.command}-")
    return prefix + ("R" if message.request else "A")


def complaints(field, avp="header"):
    """What tshark's experts say of a message, from warnings on, and of which AVP."""
    found = []
    for part in field:
        if part.get("name") == "_ws.expert":
            said = {detail.get("name"): detail.get("show") for detail in part}
            severity, group = (int(said.get(f"_ws.expert.{name}", "0"), 0) for name in ("severity", "group"))
            if severity >= WARNING or group == MALFORMED:
                found.append(f"{avp}: {said.get('_ws.expert.message')}")
        else:
            found += complaints(part, part.get("showname") if part.get("name") == "diameter.avp" else avp)
    return found
