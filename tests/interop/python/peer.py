#!/usr/bin/env python3
"""A charging server and a charging client on python-diameter 0.9.0.

    peer.py server PORT CLIENT-HOST CLIENT-REALM [--reauth-after-ms N] [--abort-after-ms N] [--answer CODE]
    peer.py client PORT SERVER-HOST SERVER-REALM SCENARIO

Both print one JSON line per exchange. Whatever is wrong with the other side's message is told in "fault" or "faults"; the
client ends with status 1 if there were any, and 2 if no connection or no answer came.
"""

import argparse
import datetime
import json
import logging
import os
import signal
import sys
import threading
import time

from diameter.message import Avp, constants
from diameter.message.avp.grouped import (
    GrantedServiceUnit, ImsInformation, MultipleServicesCreditControl, ProxyInfo, PsInformation, RequestedServiceUnit,
    ServiceInformation, SmsInformation, SubscriptionId, UsedServiceUnit)
from diameter.message.commands import AbortSessionRequest, AccountingRequest, CreditControlRequest, ReAuthRequest
from diameter.node import Node
from diameter.node.application import ApplicationError, SimpleThreadingApplication
from diameter.node.node import NotRoutable

SERVER = "server.python.example.net"
CLIENT = "client.python.example.net"
REALM = "python.example.net"
IMSI = "001010123456789"
TIMEOUT = 8

REQUEST_TYPES = {1: "INITIAL_REQUEST", 2: "UPDATE_REQUEST", 3: "TERMINATION_REQUEST", 4: "EVENT_REQUEST"}
RECORD_TYPES = {1: "EVENT_RECORD", 2: "START_RECORD", 3: "INTERIM_RECORD", 4: "STOP_RECORD"}
INITIAL, UPDATE, TERMINATION, EVENT = 1, 2, 3, 4


def line(**members):
    # In one piece: requests and answers are told by different threads.
    print(json.dumps(members) + "\n", end="", flush=True)


class NoAnswer(Exception):
    """The other side did not answer, or cannot be reached."""


def node(host):
    """A node that looks at its timers often, and sends DWR after a second without messages."""
    made = Node(host, REALM, vendor_ids=[10415])
    made.wakeup_interval = 1
    made.idle_timeout = 1
    made.dwa_timeout = 2
    made.vendor_id = 0
    return made


def leave(made):
    """Takes leave of the peers; the node's threads would go on for seconds after that."""
    threading.Thread(target=made.stop, args=(3,), daemon=True).start()
    until = time.monotonic() + 3
    while made.connections and time.monotonic() < until:
        time.sleep(0.05)


def avps(message, *codes):
    """The AVPs under a path of codes, as they came."""
    return message.find_avps(*[code if isinstance(code, tuple) else (code, 0) for code in codes])


class Client:
    """Sends requests and checks their answers."""

    def __init__(self, port, host, realm):
        self.realm = realm
        self.host = host
        self.faults = 0
        self.reauthorized = threading.Event()
        self.node = node(CLIENT)
        peer = self.node.add_peer(f"aaa://{host}:{port};transport=tcp", realm, ["127.0.0.1"], is_persistent=True)
        peer.reconnect_wait = 1
        self.ro = SimpleThreadingApplication(4, is_auth_application=True, request_handler=self.on_request)
        self.rf = SimpleThreadingApplication(3, is_acct_application=True)
        # Requests for this realm come too: RARs.
        for app in (self.ro, self.rf):
            self.node.add_application(app, [peer], [REALM])

    def start(self):
        self.node.start()
        try:
            self.ro.wait_for_ready(TIMEOUT)
        except ApplicationError as error:
            raise NoAnswer(str(error)) from error
        self.session = self.node.session_generator.next_id()

    def fault(self, text):
        self.faults += 1
        line(fault=text)

    def check(self, what, got, wanted):
        if got != wanted:
            self.fault(f"{what}: {got!r}, not {wanted!r}")

    def exchange(self, app, request, command, kind, number, code=2001):
        """Sends a request, tells of the answer and checks what every answer has."""
        request.header.application_id = app.application_id
        request.session_id = self.session
        request.origin_host = CLIENT.encode()
        request.origin_realm = REALM.encode()
        request.destination_realm = self.realm.encode()
        try:
            answer = app.send_request(request, TIMEOUT)
        except (TimeoutError, NotRoutable) as error:
            raise NoAnswer(f"{command} {kind}: {error}") from error
        results = [avp.value for avp in avps(answer, 268)]
        line(command=command, type=kind, number=number, result_code=results[0] if results else 0, session_id=self.session)
        self.check("Result-Code", results, [code])
        self.check("Session-Id", [avp.value for avp in avps(answer, 263)], [self.session])
        self.check("Origin-Host", [avp.value for avp in avps(answer, 264)], [self.host.encode()])
        self.check("Origin-Realm", [avp.value for avp in avps(answer, 296)], [self.realm.encode()])
        header = answer.header
        self.check("P flag", header.is_proxyable, True)
        self.check("T flag", header.is_retransmit, False)
        self.check("application", header.application_id, app.application_id)
        self.check("end-to-end id", header.end_to_end_identifier, request.header.end_to_end_identifier)
        if code < 5000:
            self.check("E flag", header.is_error, code // 1000 == 3)
        sent = [(info.proxy_host, info.proxy_state) for info in request.proxy_info]
        if hasattr(answer, "proxy_info"):
            self.check("Proxy-Info", [(info.proxy_host, info.proxy_state) for info in answer.proxy_info], sent)
        return answer

    def ccr(self, kind, number, **members):
        request = CreditControlRequest()
        request.service_context_id = "32251@3gpp.org"
        request.cc_request_type = kind
        request.cc_request_number = number
        request.event_timestamp = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
        request.add_subscription_id(constants.E_SUBSCRIPTION_ID_TYPE_END_USER_IMSI, IMSI)
        request.proxy_info = [ProxyInfo(b"proxy.example.org", b"\x01\x02\x03\x04\x05")]
        for name, value in members.items():
            setattr(request, name, value)
        return request

    def charge(self, request, code=2001):
        kind, number = request.cc_request_type, request.cc_request_number
        answer = self.exchange(self.ro, request, "CCR", REQUEST_TYPES[kind], number, code)
        self.check("CC-Request-Type", answer.cc_request_type, kind)
        self.check("CC-Request-Number", answer.cc_request_number, number)
        self.check("Auth-Application-Id", [avp.value for avp in avps(answer, 258)], [4])
        wanted = [mscc for mscc in request.multiple_services_credit_control if mscc.requested_service_unit]
        if wanted and code == 2001:
            granted = answer.multiple_services_credit_control
            self.check("rating groups", [mscc.rating_group for mscc in granted], [mscc.rating_group for mscc in wanted])
            for mscc in granted:
                self.check("MSCC Result-Code", mscc.result_code, 2001)
                if mscc.granted_service_unit is None:
                    self.fault(f"nothing is granted to rating group {mscc.rating_group}")
        return answer

    def initial(self):
        ps = PsInformation(sgsn_address=["192.0.2.10"], ggsn_address=["2001:db8::1"], called_station_id="internet")
        return self.ccr(INITIAL, 0, multiple_services_indicator=1,
                        multiple_services_credit_control=[service(asked=1_000_000)],
                        service_information=ServiceInformation(ps_information=ps))

    def scur(self):
        self.charge(self.initial())
        for number in (1, 2):
            self.charge(self.ccr(UPDATE, number,
                                 multiple_services_credit_control=[service(asked=1_000_000, used=500_000)]))
        self.charge(self.ccr(TERMINATION, 3, termination_cause=1, multiple_services_credit_control=[service(used=250_000)]))

    def ecur(self):
        self.charge(self.initial())
        self.charge(self.ccr(TERMINATION, 1, termination_cause=1, multiple_services_credit_control=[service(used=1_000_000)]))

    def iec(self):
        sms = SmsInformation(sms_node=0, smsc_address="192.0.2.25", number_of_messages_sent=1)
        answer = self.charge(self.ccr(EVENT, 0, requested_action=0, service_identifier=1,
                                      requested_service_unit=RequestedServiceUnit(cc_service_specific_units=1),
                                      service_information=ServiceInformation(sms_information=sms)))
        granted = answer.granted_service_unit
        self.check("units granted", granted and granted.cc_service_specific_units, 1)

    def reauth(self):
        self.charge(self.initial())
        if not self.reauthorized.wait(TIMEOUT):
            self.fault("no RAR came")
        self.charge(self.ccr(UPDATE, 1, multiple_services_credit_control=[service(asked=1_000_000, used=1_000)]))
        self.charge(self.ccr(TERMINATION, 2, termination_cause=1, multiple_services_credit_control=[service(used=0)]))

    def on_request(self, app, request):
        answer = app.generate_answer(request, 2002)
        if not isinstance(request, ReAuthRequest):
            self.fault(f"unexpected {request}")
            answer.result_code = 3001
            answer.header.is_error = True
            return answer
        line(command="RAR", type="re-authorization", number=0, result_code=2002, session_id=request.session_id)
        self.check("Session-Id of the RAR", request.session_id, self.session)
        self.check("Re-Auth-Request-Type", request.re_auth_request_type, 0)
        self.check("Destination-Host", request.destination_host, CLIENT.encode())
        self.check("Destination-Realm", request.destination_realm, REALM.encode())
        self.check("application of the RAR", request.header.application_id, 4)
        self.reauthorized.set()
        return answer

    def duplicate(self):
        """A request that is sent again must get the same answer and be charged once."""
        first = self.charge(self.initial())
        again = self.initial()
        again.header.end_to_end_identifier = first.header.end_to_end_identifier
        again.header.is_retransmit = True
        second = self.charge(again)
        grants = [[mscc.granted_service_unit.cc_total_octets for mscc in answer.multiple_services_credit_control]
                  for answer in (first, second)]
        self.check("the grant of the repeated request", grants[1], grants[0])
        self.charge(self.ccr(TERMINATION, 1, termination_cause=1, multiple_services_credit_control=[service(used=1)]))

    def denied(self):
        self.charge(self.initial(), 4012)

    def watchdog(self):
        """Goes on while python-diameter asks every second whether the server is there."""
        self.charge(self.initial())
        time.sleep(3)
        answered = sum(peer.counters.dwa for peer in self.node.peers.values())
        if answered == 0:
            self.fault("no DWA came")
        self.charge(self.ccr(TERMINATION, 1, termination_cause=1, multiple_services_credit_control=[service(used=1)]))

    def acr(self, kind, number):
        request = AccountingRequest()
        request.accounting_record_type = kind
        request.accounting_record_number = number
        request.acct_application_id = 3
        request.user_name = "alice@example.com"
        request.event_timestamp = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
        request.proxy_info = [ProxyInfo(b"proxy.example.org", b"\x01\x02\x03\x04\x05")]
        # The class knows neither of these.
        request.append_avp(Avp.new(constants.AVP_SERVICE_CONTEXT_ID, value="32260@3gpp.org"))
        ims = Avp.new(constants.AVP_TGPP_IMS_INFORMATION, constants.VENDOR_TGPP, value=[
            Avp.new(constants.AVP_TGPP_NODE_FUNCTIONALITY, constants.VENDOR_TGPP, value=6),
            Avp.new(constants.AVP_TGPP_USER_SESSION_ID, constants.VENDOR_TGPP, value="a84b4c76e66710@192.0.2.1")])
        request.append_avp(Avp.new(constants.AVP_TGPP_SERVICE_INFORMATION, constants.VENDOR_TGPP, value=[ims]))
        return request

    def account(self, request, code=2001):
        kind, number = request.accounting_record_type, request.accounting_record_number
        answer = self.exchange(self.rf, request, "ACR", RECORD_TYPES[kind], number, code)
        if code == 2001:
            self.check("Accounting-Record-Type", answer.accounting_record_type, kind)
            self.check("Accounting-Record-Number", answer.accounting_record_number, number)
        return answer

    def rf_session(self):
        self.account(self.acr(2, 0))
        for number in (1, 2):
            self.account(self.acr(3, number))
        self.account(self.acr(4, 3))

    def rf_duplicate(self):
        """A record that is sent again must be acknowledged again, and kept once."""
        first = self.account(self.acr(2, 0))
        again = self.acr(2, 0)
        again.header.end_to_end_identifier = first.header.end_to_end_identifier
        again.header.is_retransmit = True
        self.account(again)
        self.account(self.acr(4, 1))

    def rf_denied(self):
        self.account(self.acr(2, 0), 5012)

    def rf_event(self):
        self.account(self.acr(1, 0))

    def rf_repeated(self):
        """python-diameter writes Origin-State-Id twice into an ACR: that is one too many, and has to be answered so."""
        request = self.acr(1, 0)
        request.origin_state_id = 7
        answer = self.account(request, 5009)
        failed = [avp.code for failed in avps(answer, 279) for avp in failed.value]
        self.check("Failed-AVP", failed, [278])


def service(asked=None, used=None):
    made = MultipleServicesCreditControl(rating_group=7)
    if asked is not None:
        made.requested_service_unit = RequestedServiceUnit(cc_total_octets=asked)
    if used is not None:
        made.used_service_unit = [UsedServiceUnit(cc_total_octets=used)]
    return made


class Server:
    """Answers requests, and tells what is wrong with them."""

    def __init__(self, args):
        port, host, realm = args.port, args.host, args.realm
        self.args = args
        self.sessions = {}
        self.client = (host, realm)
        self.node = node(SERVER)
        self.node.ip_addresses = ["127.0.0.1"]
        self.node.tcp_port = port
        peer = self.node.add_peer(f"aaa://{host}", realm)
        self.ro = SimpleThreadingApplication(4, is_auth_application=True, request_handler=self.answer_ccr)
        self.rf = SimpleThreadingApplication(3, is_acct_application=True, request_handler=self.answer_acr)
        for app in (self.ro, self.rf):
            self.node.add_application(app, [peer], [REALM])

    def tell(self, command, kind, number, session, rules):
        line(request=command, type=kind, number=number, session_id=session,
             faults=[text for holds, text in rules if not holds])

    def common_rules(self, request):
        host, realm = self.client
        return [(request.header.is_proxyable, "no P flag"),
                (not request.header.is_retransmit, "T flag"),
                (request.origin_host == host.encode(), f"Origin-Host {request.origin_host}"),
                (request.origin_realm == realm.encode(), f"Origin-Realm {request.origin_realm}"),
                (request.destination_realm == REALM.encode(), f"Destination-Realm {request.destination_realm}"),
                (request.destination_host in (None, SERVER.encode()), f"Destination-Host {request.destination_host}")]

    def next_number(self, session, number, ends):
        expected = self.sessions.get(session, -1) + 1
        self.sessions[session] = number
        if ends:
            del self.sessions[session]
        return expected

    def answer_ccr(self, app, ccr):
        kind, number, session = ccr.cc_request_type, ccr.cc_request_number, ccr.session_id
        expected = self.next_number(session, number, kind in (TERMINATION, EVENT))
        services = ccr.multiple_services_credit_control
        used = ccr.used_service_unit or any(mscc.used_service_unit for mscc in services)
        asked = ccr.requested_service_unit or any(mscc.requested_service_unit for mscc in services)
        self.tell("CCR", REQUEST_TYPES.get(kind, "?"), number, session, self.common_rules(ccr) + [
            (ccr.auth_application_id == 4, f"Auth-Application-Id {ccr.auth_application_id}"),
            (number == expected, f"CC-Request-Number {number}, not {expected}"),
            ((ccr.requested_action is not None) == (kind == EVENT), f"Requested-Action {ccr.requested_action}"),
            (kind == TERMINATION or asked, "no Requested-Service-Unit"),
            # Whoever had to stop may have used nothing.
            (kind not in (UPDATE, TERMINATION) or used or self.args.abort_after_ms, "no Used-Service-Unit"),
            (kind != INITIAL or not services or ccr.multiple_services_indicator == 1,
             "Multiple-Services-Credit-Control without Multiple-Services-Indicator"),
            (len(ccr.subscription_id) > 0, "no Subscription-Id"),
            ("@" in (ccr.service_context_id or ""), f"Service-Context-Id {ccr.service_context_id}")])
        cca = app.generate_answer(ccr, self.args.answer)
        cca.cc_request_type = kind
        cca.cc_request_number = number
        if self.args.answer != 2001:
            return cca
        if ccr.requested_service_unit:
            cca.granted_service_unit = granted(ccr.requested_service_unit)
        for mscc in services:
            if kind != TERMINATION:
                grant = MultipleServicesCreditControl(rating_group=mscc.rating_group,
                                                      service_identifier=mscc.service_identifier,
                                                      validity_time=3600, result_code=2001)
                if mscc.requested_service_unit:
                    grant.granted_service_unit = granted(mscc.requested_service_unit)
                cca.multiple_services_credit_control.append(grant)
        if kind == INITIAL:
            self.ask_later(self.args.reauth_after_ms, ReAuthRequest, "RAR", "re-authorization", 2002, ccr)
            self.ask_later(self.args.abort_after_ms, AbortSessionRequest, "ASR", "abort", 2001, ccr)
        return cca

    def ask_later(self, milliseconds, *question):
        if milliseconds is not None:
            threading.Timer(milliseconds / 1000, self.ask, question).start()

    def ask(self, kind, command, name, code, ccr):
        request = kind()
        request.header.application_id = 4
        request.session_id = ccr.session_id
        request.origin_host = SERVER.encode()
        request.origin_realm = REALM.encode()
        request.destination_host = ccr.origin_host
        request.destination_realm = ccr.origin_realm
        request.auth_application_id = 4
        if kind is ReAuthRequest:
            request.re_auth_request_type = 0
        try:
            answer = self.ro.send_request(request, TIMEOUT)
        except (TimeoutError, NotRoutable) as error:
            self.tell(command, name, 0, ccr.session_id, [(False, f"no answer: {error}")])
            return
        self.tell(command, name, 0, ccr.session_id, [
            (answer.session_id == ccr.session_id, f"Session-Id {answer.session_id}"),
            (answer.result_code == code, f"Result-Code {answer.result_code}"),
            (answer.header.is_proxyable, "no P flag"),
            (answer.header.application_id == 4, f"application {answer.header.application_id}")])

    def answer_acr(self, app, acr):
        kind, number, session = acr.accounting_record_type, acr.accounting_record_number, acr.session_id
        expected = self.next_number(session, number, kind in (1, 4))
        self.tell("ACR", RECORD_TYPES.get(kind, "?"), number, session, self.common_rules(acr) + [
            (acr.acct_application_id == 3, f"Acct-Application-Id {acr.acct_application_id}"),
            (number == expected, f"Accounting-Record-Number {number}, not {expected}"),
            (kind in (1, 2) or expected > 0, "this session has not begun")])
        aca = app.generate_answer(acr, self.args.answer)
        aca.accounting_record_type = kind
        aca.accounting_record_number = number
        return aca


def granted(asked):
    """What was asked for, or a mebibyte where the amount is left to the server."""
    units = ("cc_time", "cc_total_octets", "cc_input_octets", "cc_output_octets", "cc_service_specific_units")
    amounts = {name: getattr(asked, name) for name in units if getattr(asked, name, None) is not None}
    return GrantedServiceUnit(**(amounts or {"cc_total_octets": 1 << 20}))


def run_client(args):
    client = Client(args.port, args.host, args.realm)
    try:
        client.start()
        getattr(client, args.scenario.replace("-", "_"))()
    except NoAnswer as error:
        client.fault(str(error))
        return 2
    finally:
        leave(client.node)
    return 1 if client.faults else 0


def run_server(args):
    server = Server(args)
    server.node.start()
    print(f"listening on 127.0.0.1:{args.port}", flush=True)
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    stopped.wait()
    leave(server.node)
    return 0


def main():
    parser = argparse.ArgumentParser()
    roles = parser.add_subparsers(required=True)
    for role, run in (("client", run_client), ("server", run_server)):
        arguments = roles.add_parser(role)
        arguments.add_argument("port", type=int)
        arguments.add_argument("host")
        arguments.add_argument("realm")
        arguments.set_defaults(run=run)
        if role == "client":
            arguments.add_argument("scenario")
        else:
            arguments.add_argument("--reauth-after-ms", type=int)
            arguments.add_argument("--abort-after-ms", type=int)
            arguments.add_argument("--answer", type=int, default=2001)
    args = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    status = args.run(args)
    sys.stdout.flush()
    # Without waiting for those threads.
    os._exit(status)


if __name__ == "__main__":
    main()
