"""What is played: the exchanges of each scenario, and how each side is told to have them."""

import dataclasses

AFTER_MS = "300"
INITIAL, UPDATE, TERMINATION, EVENT = "INITIAL_REQUEST", "UPDATE_REQUEST", "TERMINATION_REQUEST", "EVENT_REQUEST"

START, INTERIM, STOP, EVENT_RECORD = "START_RECORD", "INTERIM_RECORD", "STOP_RECORD", "EVENT_RECORD"


@dataclasses.dataclass
class Scenario:
    """Exchanges as (command, kind, number), and the arguments of those who have them."""

    # None where the peer says itself what it tried.
    steps: list | None
    # Of `diametric ro` or `rf`, and of `diametric ocs` or `cdf`.
    our_client: list = ()
    our_server: list = ()
    # Of the peers' servers.
    erlang: list = ()
    python: list = ()
    # The answers, and the status with which our client ends.
    code: int = 2001
    status: int = 0
    # The records that our CDF writes, as (kind, number); those of the exchanges where it is None.
    records: list | None = None
    # What tshark may say of our messages.
    tolerated: str | None = None

    def sent(self, role):
        """The messages that a side sends, in their order; None where the scenario does not say."""
        own, other = ("R", "A") if role == "client" else ("A", "R")
        # What the server asks of the client goes the other way round.
        return self.steps and " ".join(command[:2] + (other if command in ("RAR", "ASR") else own)
                                       for command, _, _ in self.steps)

    def answer_to(self, command):
        return 2002 if command == "RAR" else self.code


def session(command, *kinds):
    return [(command, kind, number) for number, kind in enumerate(kinds)]


SCENARIOS = {
    "scur": Scenario(session("CCR", INITIAL, UPDATE, UPDATE, TERMINATION), ["--mode", "scur", "--updates", "2", "--octets", "1000000"]),
    "ecur": Scenario(session("CCR", INITIAL, TERMINATION), ["--mode", "ecur"]),
    "iec": Scenario(session("CCR", EVENT), ["--mode", "iec"]),
    "refund": Scenario(session("CCR", EVENT), ["--mode", "iec", "--action", "refund"]),
    "check-balance": Scenario(session("CCR", EVENT), ["--mode", "iec", "--action", "check-balance"]),
    "price-enquiry": Scenario(session("CCR", EVENT), ["--mode", "iec", "--action", "price-enquiry"]),
    # All of these from one client.
    "actions": Scenario(3 * session("CCR", EVENT)),
    "many": Scenario(50 * session("CCR", EVENT), ["--mode", "iec", "--calls", "50", "--concurrency", "50"]),
    "big": Scenario(session("CCR", EVENT)),
    "reauth": Scenario(
        [("CCR", INITIAL, 0), ("RAR", "re-authorization", 0), ("CCR", UPDATE, 1), ("CCR", TERMINATION, 2)],
        ["--mode", "scur", "--updates", "0", "--answer-reauth-for", "2"], ["--reauth-after-ms", AFTER_MS],
        ["reauth", AFTER_MS], ["--reauth-after-ms", AFTER_MS]),
    "abort": Scenario(
        [("CCR", INITIAL, 0), ("ASR", "abort", 0), ("CCR", TERMINATION, 1)],
        ["--mode", "scur", "--updates", "0", "--answer-reauth-for", "2"],
        erlang=["abort", AFTER_MS], python=["--abort-after-ms", AFTER_MS]),
    # A refusal in the grammar of the answer, and one by an answer-message.
    "denied": Scenario(session("CCR", INITIAL), ["--mode", "ecur"], ["--result-code", "4012"],
                       ["answer", "4012"], ["--answer", "4012"], 4012, 1),
    "busy": Scenario(session("CCR", INITIAL), ["--mode", "ecur"], erlang=["answer", "3004"], code=3004, status=1),
    "undeliverable": Scenario(session("CCR", INITIAL), ["--mode", "ecur"], code=3002, status=1),
    "duplicate": Scenario([("CCR", INITIAL, 0), *session("CCR", INITIAL, TERMINATION)]),
    "watchdog": Scenario(session("CCR", INITIAL, TERMINATION)),
    # What the peer made up comes back to it in Failed-AVP, and empty where it was missing.
    "faults": Scenario(None, tolerated=r"7999|8388000|Unknown command|Data is empty"),
    "rf-session": Scenario(session("ACR", START, INTERIM, INTERIM, STOP),
                           ["--mode", "session", "--interims", "2"]),
    "rf-event": Scenario(session("ACR", EVENT_RECORD), ["--mode", "event"]),
    "rf-interval": Scenario(session("ACR", START, STOP), our_server=["--interim-interval", "60"]),
    "rf-denied": Scenario(session("ACR", START), ["--mode", "session"], ["--result-code", "5012"],
                          ["answer", "5012"], ["--answer", "5012"], 5012, 1, records=[]),
    "rf-duplicate": Scenario([("ACR", START, 0), *session("ACR", START, STOP)], records=[(START, 0), (STOP, 1)]),
    "rf-repeated": Scenario(session("ACR", EVENT_RECORD), code=5009, records=[]),
}

COMMON = ["scur", "ecur", "iec", "reauth", "denied", "rf-session", "rf-event", "rf-denied"]
# Name of the test: peer, role of the peer, scenario.
TESTS = {f"{peer}-{role}-{scenario}": (peer, role, scenario)
         for peer, role, more in [("erlang", "server", ["refund", "check-balance", "price-enquiry", "many", "abort",
                                                        "busy"]),
                                  ("erlang", "client", ["actions", "many", "big", "faults", "rf-interval"]),
                                  ("python", "server", ["abort"]),
                                  ("python", "client", ["duplicate", "watchdog", "rf-duplicate", "rf-repeated"]),
                                  ("freediameter", "relay", ["many", "undeliverable"])]
         for scenario in COMMON + more}
