"""The traffic of a test: recorded by dumpcap, read by tshark."""

import collections
import signal
import subprocess
import time
import xml.etree.ElementTree as ElementTree

from process import LIMIT, Failed

# Commands of applications; the others serve the connection.
CHARGING = {258: "Re-Auth", 271: "Accounting", 272: "Credit-Control"}
# Of tshark's severities, from "warning" on.
WARNING = 0x600000
MALFORMED = 0x7000000

Message = collections.namedtuple("Message", "source destination command complaints")


class Capture:
    """Records what goes over some TCP ports."""

    def __init__(self, test, *ports):
        self.ports = ports
        self.path = test.directory / "traffic.pcapng"
        condition = " or ".join(f"tcp port {port}" for port in ports)
        self.dumpcap = test.start("dumpcap", ["dumpcap", "-q", "-i", "lo", "-f", condition, "-w", self.path])
        # It names its file once it is capturing.
        self.dumpcap.await_text(r"File: ")

    def stop(self):
        # The last packets have to come through the kernel's buffer.
        time.sleep(0.3)
        self.dumpcap.stop(signal.SIGINT)

    def messages(self):
        """All Diameter messages, as tshark understands them."""
        command = ["tshark", "-r", self.path, "-Y", "diameter", "-T", "pdml"]
        for port in self.ports:
            command += ["-d", f"tcp.port=={port},diameter"]
        read = subprocess.run(command, capture_output=True, timeout=LIMIT, check=False)
        if read.returncode != 0:
            raise Failed(f"tshark: {read.stderr.decode()}")
        for packet in ElementTree.fromstring(read.stdout).iter("packet"):
            ends = [int(packet.find(f".//field[@name='tcp.{end}port']").get("show")) for end in ("src", "dst")]
            broken = [f"malformed packet {proto.get('showname')}" for proto in packet.iter("proto")
                      if proto.get("name") == "_ws.malformed"]
            for proto in packet.iter("proto"):
                if proto.get("name") == "diameter":
                    code = proto.find("./field[@name='diameter.cmd.code']")
                    yield Message(*ends, int(code.get("show")) if code is not None else 0,
                                  broken + complaints(proto) + unknown(proto))

    def check(self, ours, expected):
        """Our messages must be as many as there were exchanges, and tshark must not complain about any."""
        mine = [message for message in self.messages() if ours(message)]
        complained = [f"tshark of our command {message.command}: {complaint}"
                      for message in mine for complaint in message.complaints]
        if complained:
            raise Failed("\n".join(complained))
        charging = sum(message.command in CHARGING for message in mine)
        if charging != expected:
            raise Failed(f"tshark saw {charging} of our charging messages, not {expected}")


def complaints(proto):
    """What tshark's experts say of a message, from warnings on."""
    found = []
    for expert in proto.iter("field"):
        if expert.get("name") == "_ws.expert":
            said = {field.get("name"): field.get("show") for field in expert}
            severity, group = (int(said.get(f"_ws.expert.{name}", "0"), 0) for name in ("severity", "group"))
            if severity >= WARNING or group == MALFORMED:
                found.append(said.get("_ws.expert.message", "a complaint without a text"))
    return found


def unknown(proto):
    """The AVPs that tshark does not know."""
    return [field.get("showname") for field in proto.iter("field")
            if field.get("name") == "diameter.avp" and "Unknown(" in (field.get("showname") or "")]
