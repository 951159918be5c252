%% A charging server and a charging client on the diameter application of Erlang/OTP.
%%
%%   erl -noshell -pa DIR -s interop_peer main -extra server PORT [reauth MILLISECONDS | abort MILLISECONDS | answer CODE]
%%   erl -noshell -pa DIR -s interop_peer main -extra client PORT REALM SCENARIO
%%
%% A server may send RAR or ASR so long after an INITIAL_REQUEST, or give all requests the same Result-Code.
%% Both print one JSON line per exchange. Whatever is wrong with the other side's message is told in "faults"; the client
%% ends with status 1 if there were any.
-module(interop_peer).

-include_lib("diameter/include/diameter.hrl").

-export([main/0]).
-export([peer_up/3, peer_down/3, pick_peer/4, prepare_request/3, prepare_retransmit/3, handle_answer/4, handle_error/4,
         handle_request/3]).

-define(SVC, ?MODULE).
-define(REALM, <<"erlang.example.net">>).
-define(SERVER, <<"server.erlang.example.net">>).
-define(CLIENT, <<"client.erlang.example.net">>).
-define(CONTEXT, <<"32251@3gpp.org">>).
-define(TIMEOUT, 8000).

%% In a process of its own, which owns the tables and lets the emulator boot to its end.
main() ->
    spawn(fun run/0).

run() ->
    ok = logger:set_primary_config(level, error),
    [Role | Args] = init:get_plain_arguments(),
    try main(Role, Args)
    catch Class:Reason:Stack ->
        io:format(standard_error, "~p: ~p~n~p~n", [Class, Reason, Stack]),
        halt(1)
    end.

main("server", [Port | Behaviour]) ->
    ets:new(requests, [named_table, public]),
    case Behaviour of
        [What, Number] -> ets:insert(requests, {list_to_atom(What), list_to_integer(Number)});
        [] -> ok
    end,
    start(?SERVER),
    {ok, _} = diameter:add_transport(?SVC, {listen, [{transport_module, diameter_tcp},
                                                     {transport_config, [{reuseaddr, true}, {ip, {127, 0, 0, 1}},
                                                                         {port, list_to_integer(Port)}]}]}),
    %% SIGTERM ends it at once: its clients have taken leave, and an orderly end takes a second.
    ok = os:set_signal(sigterm, default),
    io:format("listening on 127.0.0.1:~s~n", [Port]),
    receive stop -> ok end;
main("client", [Port, Realm, Mode]) ->
    ets:new(faults, [named_table, public, duplicate_bag]),
    ets:new(session, [named_table, public]),
    ets:insert(session, {owner, self()}),
    start(?CLIENT),
    true = diameter:subscribe(?SVC),
    {ok, _} = diameter:add_transport(?SVC, {connect, [{transport_module, diameter_tcp}, {connect_timer, 500},
                                                      {transport_config, [{raddr, {127, 0, 0, 1}},
                                                                          {rport, list_to_integer(Port)}]}]}),
    receive
        {diameter_event, ?SVC, {up, _, _, _, #diameter_packet{errors = Errors}}} ->
            check("CEA decodes", Errors, [])
    after ?TIMEOUT ->
        io:format(standard_error, "no connection~n", []),
        halt(2)
    end,
    scenario(Mode, list_to_binary(Realm)),
    ok = diameter:remove_transport(?SVC, true),
    receive {diameter_event, ?SVC, {down, _, _, _}} -> ok after 2000 -> ok end,
    halt(case ets:tab2list(faults) of [] -> 0; _ -> 1 end).

start(Host) ->
    ok = diameter:start(),
    Application = fun(Alias, Dictionary) ->
        {application, [{alias, Alias}, {dictionary, Dictionary}, {module, ?MODULE}, {answer_errors, callback}]}
    end,
    ok = diameter:start_service(?SVC, [{'Origin-Host', Host}, {'Origin-Realm', ?REALM}, {'Vendor-Id', 0},
                                       {'Product-Name', "Erlang/OTP"}, {'Origin-State-Id', diameter:origin_state_id()},
                                       {'Supported-Vendor-Id', [10415]},
                                       {'Auth-Application-Id', [4]}, {'Acct-Application-Id', [3]},
                                       {decode_format, map}, {string_decode, false}, {strict_mbit, true},
                                       Application(common, diameter_gen_base_rfc6733),
                                       Application(ro, interop_ro),
                                       Application(rf, interop_rf)]).

%% The client's scenarios

scenario("scur", Realm) ->
    Id = session_id(),
    granted(ccr(Id, Realm, 'INITIAL_REQUEST', 0, initial(1000000))),
    granted(ccr(Id, Realm, 'UPDATE_REQUEST', 1, update(500000, 1000000))),
    granted(ccr(Id, Realm, 'UPDATE_REQUEST', 2, update(1000000, 1000000))),
    ccr(Id, Realm, 'TERMINATION_REQUEST', 3, termination(250000));
scenario("ecur", Realm) ->
    Id = session_id(),
    granted(ccr(Id, Realm, 'INITIAL_REQUEST', 0, initial(1000000))),
    ccr(Id, Realm, 'TERMINATION_REQUEST', 1, termination(1000000));
scenario("iec", Realm) ->
    event(Realm);
scenario("actions", Realm) ->
    Ask = fun(Action) ->
        ccr(session_id(), Realm, 'EVENT_REQUEST', 0, (sms())#{'Requested-Action' => Action})
    end,
    check("refunded", maps:get('Granted-Service-Unit', Ask(1), none), [#{'CC-Service-Specific-Units' => [1]}]),
    check("Check-Balance-Result", maps:get('Check-Balance-Result', Ask(2), none), [0]),
    case Ask(3) of
        #{'Cost-Information' := [#{'Unit-Value' := #{'Value-Digits' := _}, 'Currency-Code' := _}]} -> ok;
        Cca -> fault(io_lib:format("Cost-Information is ~0p", [maps:get('Cost-Information', Cca, none)]))
    end;
scenario("reauth", Realm) ->
    Id = session_id(),
    granted(ccr(Id, Realm, 'INITIAL_REQUEST', 0, initial(1000000))),
    receive
        reauthorize -> ok
    after ?TIMEOUT ->
        fault("no RAR came")
    end,
    ccr(Id, Realm, 'UPDATE_REQUEST', 1, update(1000, 1000000)),
    ccr(Id, Realm, 'TERMINATION_REQUEST', 2, termination(0));
scenario("denied", Realm) ->
    ccr(session_id(), Realm, 'INITIAL_REQUEST', 0, initial(1000000), 4012);
scenario("many", Realm) ->
    %% All at once.
    Calls = [spawn_monitor(fun() -> event(Realm) end) || _ <- lists:seq(1, 50)],
    [receive {'DOWN', Monitor, process, _, Reason} -> check("a call", Reason, normal) end || {_, Monitor} <- Calls];
scenario("big", Realm) ->
    %% More than fits a segment of TCP, and comes back.
    Proxy = (proxy_info())#{'Proxy-State' => binary:copy(<<"state">>, 40000)},
    ccr(session_id(), Realm, 'EVENT_REQUEST', 0, (sms())#{'Proxy-Info' => [Proxy]});
scenario("rf-session", Realm) ->
    Id = session_id(),
    acr(Id, Realm, 'START_RECORD', 0),
    acr(Id, Realm, 'INTERIM_RECORD', 1),
    acr(Id, Realm, 'INTERIM_RECORD', 2),
    acr(Id, Realm, 'STOP_RECORD', 3);
scenario("rf-interval", Realm) ->
    Id = session_id(),
    Aca = acr(Id, Realm, 'START_RECORD', 0),
    check("Acct-Interim-Interval", maps:get('Acct-Interim-Interval', Aca, none), [60]),
    acr(Id, Realm, 'STOP_RECORD', 1);
scenario("rf-denied", Realm) ->
    acr(session_id(), Realm, 'START_RECORD', 0, 5012);
scenario("rf-event", Realm) ->
    acr(session_id(), Realm, 'EVENT_RECORD', 0);
scenario("faults", Realm) ->
    lists:foreach(fun({Name, Code, Failed, Spoil}) -> refused(Name, Code, Failed, Spoil, Realm) end, refusals()).

event(Realm) ->
    Cca = ccr(session_id(), Realm, 'EVENT_REQUEST', 0, sms()),
    check("Granted-Service-Unit", maps:get('Granted-Service-Unit', Cca, none), [#{'CC-Service-Specific-Units' => [1]}]).

sms() ->
    #{'Requested-Action' => 0,
      'Service-Identifier' => 1,
      'Subscription-Id' => [subscription()],
      'Requested-Service-Unit' => #{'CC-Service-Specific-Units' => 1},
      'Service-Information' => #{'SMS-Information' => #{'SMS-Node' => 0,
                                                        'SMSC-Address' => {192, 0, 2, 25},
                                                        'Number-Of-Messages-Sent' => 1}}}.

initial(Octets) ->
    #{'Multiple-Services-Indicator' => 1,
      'Subscription-Id' => [subscription()],
      'Event-Timestamp' => calendar:universal_time(),
      'Proxy-Info' => [proxy_info()],
      'Multiple-Services-Credit-Control' => [#{'Requested-Service-Unit' => #{'CC-Total-Octets' => Octets},
                                               'Rating-Group' => 7}],
      'Service-Information' => #{'PS-Information' => #{'3GPP-Charging-Id' => <<0, 0, 18, 52>>,
                                                       'SGSN-Address' => [{192, 0, 2, 10}],
                                                       'GGSN-Address' => [{16#2001, 16#db8, 0, 0, 0, 0, 0, 1}],
                                                       'Called-Station-Id' => <<"internet">>}}}.

update(Used, Octets) ->
    #{'Subscription-Id' => [subscription()],
      'Multiple-Services-Credit-Control' => [#{'Requested-Service-Unit' => #{'CC-Total-Octets' => Octets},
                                               'Used-Service-Unit' => [#{'CC-Total-Octets' => Used}],
                                               'Rating-Group' => 7}]}.

termination(Used) ->
    #{'Subscription-Id' => [subscription()],
      'Termination-Cause' => 1,
      'Multiple-Services-Credit-Control' => [#{'Used-Service-Unit' => [#{'CC-Total-Octets' => Used}],
                                               'Reporting-Reason' => [2],
                                               'Rating-Group' => 7}]}.

subscription() ->
    #{'Subscription-Id-Type' => 1, 'Subscription-Id-Data' => <<"001010123456789">>}.

proxy_info() ->
    #{'Proxy-Host' => <<"proxy.example.org">>, 'Proxy-State' => <<1, 2, 3, 4, 5>>}.

session_id() ->
    Id = diameter:session_id(?CLIENT),
    ets:insert(session, {id, iolist_to_binary(Id)}),
    iolist_to_binary(Id).

ccr(Id, Realm, Type, Number, Avps) ->
    ccr(Id, Realm, Type, Number, Avps, 2001).

ccr(Id, Realm, Type, Number, Avps, Code) ->
    Ccr = Avps#{'Session-Id' => Id,
                'Destination-Realm' => Realm,
                'Auth-Application-Id' => 4,
                'Service-Context-Id' => ?CONTEXT,
                'CC-Request-Type' => request_type(Type),
                'CC-Request-Number' => Number},
    Answer = call(ro, ['CCR' | Ccr]),
    ['CCA' | Cca] = checked("CCR", Type, Number, Id, Answer, 'CCA', Code),
    check("CC-Request-Type", maps:get('CC-Request-Type', Cca, none), request_type(Type)),
    check("CC-Request-Number", maps:get('CC-Request-Number', Cca, none), Number),
    check("Auth-Application-Id", maps:get('Auth-Application-Id', Cca, none), 4),
    check("Proxy-Info", maps:get('Proxy-Info', Cca, []), maps:get('Proxy-Info', Ccr, [])),
    Cca.

acr(Id, Realm, Type, Number) ->
    acr(Id, Realm, Type, Number, 2001).

acr(Id, Realm, Type, Number, Code) ->
    Acr = #{'Session-Id' => Id,
            'Destination-Realm' => Realm,
            'Accounting-Record-Type' => record_type(Type),
            'Accounting-Record-Number' => Number,
            'Acct-Application-Id' => 3,
            'User-Name' => <<"alice@example.com">>,
            'Event-Timestamp' => calendar:universal_time(),
            'Service-Context-Id' => <<"32260@3gpp.org">>,
            'Proxy-Info' => [proxy_info()],
            'Service-Information' => #{'Subscription-Id' => [subscription()],
                                       'IMS-Information' => #{'Node-Functionality' => 6,
                                                              'Event-Type' => #{'SIP-Method' => <<"INVITE">>},
                                                              'User-Session-Id' => <<"a84b4c76e66710@192.0.2.1">>}}},
    Answer = call(rf, ['ACR' | Acr]),
    ['ACA' | Aca] = checked("ACR", Type, Number, Id, Answer, 'ACA', Code),
    check("Accounting-Record-Type", maps:get('Accounting-Record-Type', Aca, none), record_type(Type)),
    check("Accounting-Record-Number", maps:get('Accounting-Record-Number', Aca, none), Number),
    check("Proxy-Info", maps:get('Proxy-Info', Aca, []), maps:get('Proxy-Info', Acr, [])),
    Aca.

call(Application, Message) ->
    case diameter:call(?SVC, Application, Message, [{timeout, ?TIMEOUT}]) of
        #diameter_packet{} = Answer -> Answer;
        Other -> fault(io_lib:format("no answer: ~p", [Other])), halt(2)
    end.

%% What every good answer has; also tells of the exchange.
checked(Command, Type, Number, Id, #diameter_packet{header = Header, msg = Message, errors = Errors}, Name, Code) ->
    Avps = case Message of [_ | Map] when is_map(Map) -> Map; _ -> #{} end,
    line([{"command", Command}, {"type", Type}, {"number", Number},
          {"result_code", maps:get('Result-Code', Avps, 0)}, {"session_id", Id}]),
    check("the answer decodes", Errors, []),
    check("the answer's kind", if is_list(Message) -> hd(Message); true -> Message end, Name),
    check("the answer is proxiable", Header#diameter_header.is_proxiable, true),
    check("the answer has no E flag", Header#diameter_header.is_error, false),
    check("the answer has no T flag", Header#diameter_header.is_retransmitted, false),
    check("Result-Code", maps:get('Result-Code', Avps, none), Code),
    check("Session-Id", iolist_to_binary(maps:get('Session-Id', Avps, <<>>)), Id),
    [Name | Avps].

granted(#{'Multiple-Services-Credit-Control' := [#{'Granted-Service-Unit' := [Granted]} = Service]}) ->
    check("Rating-Group", maps:get('Rating-Group', Service, none), [7]),
    check("Result-Code of the rating group", maps:get('Result-Code', Service, [2001]), [2001]),
    check("something is granted", maps:size(Granted) > 0, true);
granted(Cca) ->
    fault(io_lib:format("nothing is granted: ~p", [maps:get('Multiple-Services-Credit-Control', Cca, none)])).

%% Requests that have to be refused, and how: name, Result-Code, AVP in Failed-AVP, what is done to a good CCR EVENT.

refusals() ->
    [{"a CCR without Service-Context-Id", 5005, 461, fun(H, Avps) -> {H, without(461, Avps)} end},
     {"an unknown AVP with the M flag", 5001, 7999,
      fun(H, Avps) -> {H, Avps ++ [#diameter_avp{code = 7999, is_mandatory = true, data = <<1, 2, 3>>}]} end},
     {"CC-Request-Number twice", 5009, 415, fun(H, Avps) -> {H, Avps ++ [u32(415, 1)]} end},
     {"a CC-Request-Type that does not exist", 5004, 416, fun(H, Avps) -> {H, without(416, Avps) ++ [u32(416, 99)]} end},
     {"a CC-Request-Number of two octets", 5014, 415,
      fun(H, Avps) ->
          {H, without(415, Avps) ++ [#diameter_avp{code = 415, is_mandatory = true, data = <<0, 0>>}]}
      end},
     {"an update of a session that is not", 5002, none,
      fun(H, Avps) -> {H, without(416, without(436, Avps)) ++ [u32(416, 2)]} end},
     {"another command of the application", 3001, none, fun(H, Avps) -> {H#diameter_header{cmd_code = 8388000}, Avps} end},
     {"another application", 3007, none, fun(H, Avps) -> {H#diameter_header{application_id = 16777238}, Avps} end}].

refused(Name, Code, Failed, Spoil, Realm) ->
    Id = session_id(),
    Text = fun(Avp, Value) -> #diameter_avp{code = Avp, is_mandatory = true, data = Value} end,
    Good = [Text(263, Id), Text(264, ?CLIENT), Text(296, ?REALM), Text(283, Realm), u32(258, 4), Text(461, ?CONTEXT),
            u32(416, 4), u32(415, 0), u32(436, 0), u32(439, 1)],
    {Header, Avps} = Spoil(#diameter_header{version = 1, cmd_code = 272, application_id = 4, is_request = true,
                                            is_proxiable = true, is_error = false, is_retransmitted = false}, Good),
    #diameter_packet{header = Got, bin = Bin} = call(ro, [Header | Avps]),
    Answer = diameter_codec:collect_avps(Bin),
    Find = fun(Wanted) -> [Data || #diameter_avp{code = C, data = Data} <- lists:flatten(Answer), C == Wanted] end,
    Result = case Find(268) of [<<N:32>>] -> N; Other -> Other end,
    line([{"command", "CCR"}, {"type", Name}, {"number", 0}, {"result_code", Result}, {"session_id", Id}]),
    check(Name ++ ": Result-Code", Result, Code),
    %% A protocol error must have the E flag, another may have it (RFC 6733, 7.1.5 and 7.2).
    check(Name ++ ": E flag", Got#diameter_header.is_error orelse Code div 1000 /= 3, true),
    check(Name ++ ": Session-Id", Find(263), [Id]),
    check(Name ++ ": command", Got#diameter_header.cmd_code, Header#diameter_header.cmd_code),
    case Find(279) of
        [<<FailedCode:32, _/binary>>] -> check(Name ++ ": Failed-AVP", FailedCode, Failed);
        [] -> check(Name ++ ": Failed-AVP", none, Failed);
        Several -> fault(io_lib:format("~s: Failed-AVP is ~p", [Name, Several]))
    end.

without(Code, Avps) ->
    [Avp || #diameter_avp{code = C} = Avp <- Avps, C /= Code].

u32(Code, Value) ->
    #diameter_avp{code = Code, is_mandatory = true, data = <<Value:32>>}.

%% The server

handle_request(#diameter_packet{msg = ['CCR' | Ccr], header = Header, errors = []}, ?SVC, {_, Caps}) ->
    #{'Session-Id' := Id, 'CC-Request-Type' := Type, 'CC-Request-Number' := Number} = Ccr,
    Faults = ccr_faults(Ccr) ++ header_faults(Header) ++ destination_faults(Ccr),
    told("CCR", request_type(Type), Number, Id, Faults),
    ask_later(Type, Ccr),
    Repeated = repeated(Ccr, Caps, #{'Auth-Application-Id' => 4, 'CC-Request-Type' => Type, 'CC-Request-Number' => Number}),
    case ets:lookup(requests, answer) of
        [{_, Code}] when Code div 1000 == 3 -> {answer_message, Code};
        [{_, Code}] -> {reply, ['CCA' | Repeated#{'Result-Code' => Code}]};
        [] -> {reply, ['CCA' | maps:merge(granting(Type, Ccr), Repeated)]}
    end;
handle_request(#diameter_packet{msg = ['ACR' | Acr], header = Header, errors = []}, ?SVC, {_, Caps}) ->
    #{'Session-Id' := Id, 'Accounting-Record-Type' := Type, 'Accounting-Record-Number' := Number} = Acr,
    Faults = acr_faults(Acr) ++ header_faults(Header) ++ destination_faults(Acr),
    told("ACR", record_type(Type), Number, Id, Faults),
    Repeated = repeated(Acr, Caps, #{'Acct-Application-Id' => 3, 'Accounting-Record-Type' => Type,
                                     'Accounting-Record-Number' => Number}),
    case ets:lookup(requests, answer) of
        [{_, Code}] -> {reply, ['ACA' | Repeated#{'Result-Code' => Code}]};
        [] -> {reply, ['ACA' | Repeated]}
    end;
handle_request(#diameter_packet{msg = ['RAR' | Rar], errors = []}, ?SVC, {_, Caps}) ->
    [{id, Session}] = ets:lookup(session, id),
    [{owner, Owner}] = ets:lookup(session, owner),
    Id = maps:get('Session-Id', Rar),
    line([{"command", "RAR"}, {"type", "re-authorization"}, {"number", 0}, {"result_code", 2002}, {"session_id", Id}]),
    check("Session-Id of the RAR", Id, Session),
    check("Re-Auth-Request-Type", maps:get('Re-Auth-Request-Type', Rar), 0),
    check("Destination-Host", maps:get('Destination-Host', Rar), ?CLIENT),
    check("Destination-Realm", maps:get('Destination-Realm', Rar), ?REALM),
    Owner ! reauthorize,
    {reply, ['RAA' | (repeated(Rar, Caps, #{}))#{'Result-Code' => 2002}]};
handle_request(#diameter_packet{header = Header, errors = Errors}, ?SVC, _) ->
    Faults = [io_lib:format("does not decode: ~0P", [Error, 30]) || Error <- Errors],
    told(integer_to_list(Header#diameter_header.cmd_code), "?", -1, <<>>, Faults ++ ["unexpected"]),
    {answer_message, 5012}.

repeated(Request, Caps, More) ->
    #diameter_caps{origin_host = {Host, _}, origin_realm = {Realm, _}} = Caps,
    Same = maps:with(['Session-Id', 'Proxy-Info'], Request),
    maps:merge(maps:merge(Same, #{'Result-Code' => 2001, 'Origin-Host' => Host, 'Origin-Realm' => Realm}), More).

granting(3, _) ->
    #{};
granting(4, #{'Requested-Action' := [2]}) ->
    #{'Check-Balance-Result' => 0};
granting(4, #{'Requested-Action' := [3]}) ->
    #{'Cost-Information' => #{'Unit-Value' => #{'Value-Digits' => 15, 'Exponent' => -2}, 'Currency-Code' => 978}};
granting(_, Ccr) ->
    Services = [maps:merge(maps:with(['Rating-Group', 'Service-Identifier'], Service),
                           maps:merge(grant(Service), #{'Result-Code' => 2001, 'Validity-Time' => 3600}))
                || Service <- maps:get('Multiple-Services-Credit-Control', Ccr, [])],
    maps:merge(grant(Ccr), #{'Multiple-Services-Credit-Control' => Services}).

%% What was asked for; a mebibyte where the amount is left to the server; nothing where nothing was asked for.
grant(#{'Requested-Service-Unit' := [Unit]}) when map_size(Unit) > 0 ->
    #{'Granted-Service-Unit' => maps:remove('AVP', Unit)};
grant(#{'Requested-Service-Unit' := _}) ->
    #{'Granted-Service-Unit' => #{'CC-Total-Octets' => 1048576}};
grant(_) ->
    #{}.

ask_later(1, Ccr) ->
    [spawn(fun() -> timer:sleep(Milliseconds), ask(What, Ccr) end)
     || What <- [reauth, abort], {_, Milliseconds} <- ets:lookup(requests, What)],
    ok;
ask_later(_, _) ->
    ok.

ask(reauth, Ccr) ->
    ask(['RAR' | (request_to_client(Ccr))#{'Re-Auth-Request-Type' => 0}], 'RAA', 2002, "re-authorization");
ask(abort, Ccr) ->
    ask(['ASR' | request_to_client(Ccr)], 'ASA', 2001, "abort").

request_to_client(#{'Session-Id' := Id, 'Origin-Host' := Host, 'Origin-Realm' := Realm}) ->
    #{'Session-Id' => Id, 'Destination-Host' => Host, 'Destination-Realm' => Realm, 'Auth-Application-Id' => 4}.

ask([Name | #{'Session-Id' := Id}] = Request, Answer, Code, Kind) ->
    Faults = case diameter:call(?SVC, ro, Request, [{timeout, ?TIMEOUT}]) of
        #diameter_packet{msg = [Answer | Avps], errors = []} ->
            [io_lib:format("~p is ~p, not ~p", [Avp, maps:get(Avp, Avps, none), Wanted])
             || {Avp, Wanted} <- [{'Result-Code', Code}, {'Session-Id', Id}], maps:get(Avp, Avps, none) /= Wanted];
        #diameter_packet{msg = Message, errors = Errors} ->
            [io_lib:format("answered with ~0p, which has the errors ~0p", [Message, Errors])];
        Other ->
            [io_lib:format("no answer: ~0p", [Other])]
    end,
    told(atom_to_list(Name), Kind, 0, Id, Faults).

ccr_faults(#{'CC-Request-Type' := Type, 'CC-Request-Number' := Number, 'Session-Id' := Id} = Ccr) ->
    Services = maps:get('Multiple-Services-Credit-Control', Ccr, []),
    Used = maps:is_key('Used-Service-Unit', Ccr) orelse lists:any(fun(S) -> maps:is_key('Used-Service-Unit', S) end, Services),
    Requested = maps:is_key('Requested-Service-Unit', Ccr)
        orelse lists:any(fun(S) -> maps:is_key('Requested-Service-Unit', S) end, Services),
    Expected = case ets:lookup(requests, Id) of [{_, Last}] -> Last + 1; [] -> 0 end,
    case Type of
        3 -> ets:delete(requests, Id);
        4 -> ok;
        _ -> ets:insert(requests, {Id, Number})
    end,
    faults([{maps:get('Auth-Application-Id', Ccr) == 4, "Auth-Application-Id"},
            {Number == Expected, io_lib:format("CC-Request-Number ~p, not ~p", [Number, Expected])},
            {Type == 1 orelse Type == 4 orelse Expected > 0, "this session has not begun"},
            {(Type == 4) == maps:is_key('Requested-Action', Ccr), "Requested-Action"},
            {Type == 3 orelse Requested orelse lists:member(maps:get('Requested-Action', Ccr, none), [[1], [2], [3]]),
             "no Requested-Service-Unit"},
            %% Whoever had to stop may have used nothing.
            {not lists:member(Type, [2, 3]) orelse Used orelse ets:member(requests, abort), "no Used-Service-Unit"},
            {lists:member(Type, [3, 4]) orelse Services == []
             orelse Type == 2 orelse maps:get('Multiple-Services-Indicator', Ccr, none) == [1],
             "Multiple-Services-Credit-Control without Multiple-Services-Indicator"},
            {maps:is_key('Subscription-Id', Ccr), "no Subscription-Id"},
            {binary:match(maps:get('Service-Context-Id', Ccr), <<"@">>) /= nomatch, "Service-Context-Id"}]).

acr_faults(#{'Accounting-Record-Type' := Type, 'Accounting-Record-Number' := Number, 'Session-Id' := Id} = Acr) ->
    Expected = case ets:lookup(requests, Id) of [{_, Last}] -> Last + 1; [] -> 0 end,
    case Type of
        4 -> ets:delete(requests, Id);
        1 -> ok;
        _ -> ets:insert(requests, {Id, Number})
    end,
    faults([{maps:get('Acct-Application-Id', Acr, none) == [3], "Acct-Application-Id"},
            {Number == Expected, io_lib:format("Accounting-Record-Number ~p, not ~p", [Number, Expected])},
            {lists:member(Type, [1, 2]) orelse Expected > 0, "this session has not begun"}]).

destination_faults(Request) ->
    faults([{maps:get('Destination-Realm', Request) == ?REALM, "Destination-Realm"},
            {maps:get('Destination-Host', Request, [?SERVER]) == [?SERVER], "Destination-Host"}]).

header_faults(Header) ->
    faults([{Header#diameter_header.is_proxiable, "no P flag"},
            {not Header#diameter_header.is_retransmitted, "T flag"}]).

faults(Rules) ->
    [Fault || {false, Fault} <- Rules].

told(Command, Type, Number, Id, Faults) ->
    line([{"request", Command}, {"type", Type}, {"number", Number}, {"session_id", Id},
          {"faults", [iolist_to_binary(Fault) || Fault <- Faults]}]).

%% The other callbacks of a diameter application

peer_up(_, _, State) -> State.

peer_down(_, _, State) -> State.

pick_peer([Peer | _], _, ?SVC, _) -> {ok, Peer};
pick_peer([], _, ?SVC, _) -> false.

prepare_request(#diameter_packet{msg = [Name | Avps]} = Packet, ?SVC, {_, Caps}) when is_map(Avps) ->
    #diameter_caps{origin_host = {Host, _}, origin_realm = {Realm, _}, origin_state_id = {State, _}} = Caps,
    {send, Packet#diameter_packet{msg = [Name | Avps#{'Origin-Host' => Host, 'Origin-Realm' => Realm,
                                                      'Origin-State-Id' => State}]}};
prepare_request(Packet, ?SVC, _) ->
    {send, Packet}.

prepare_retransmit(Packet, Svc, Peer) ->
    prepare_request(Packet, Svc, Peer).

handle_answer(Packet, _Request, ?SVC, _Peer) ->
    Packet.

handle_error(Reason, _Request, ?SVC, _Peer) ->
    {error, Reason}.

%% Telling

request_type('INITIAL_REQUEST') -> 1;
request_type('UPDATE_REQUEST') -> 2;
request_type('TERMINATION_REQUEST') -> 3;
request_type('EVENT_REQUEST') -> 4;
request_type(1) -> 'INITIAL_REQUEST';
request_type(2) -> 'UPDATE_REQUEST';
request_type(3) -> 'TERMINATION_REQUEST';
request_type(4) -> 'EVENT_REQUEST'.

record_type('EVENT_RECORD') -> 1;
record_type('START_RECORD') -> 2;
record_type('INTERIM_RECORD') -> 3;
record_type('STOP_RECORD') -> 4;
record_type(1) -> 'EVENT_RECORD';
record_type(2) -> 'START_RECORD';
record_type(3) -> 'INTERIM_RECORD';
record_type(4) -> 'STOP_RECORD'.

check(_, Same, Same) ->
    ok;
check(What, Got, Wanted) ->
    fault(io_lib:format("~s: ~0p, not ~0p", [What, Got, Wanted])).

fault(Fault) ->
    Told = iolist_to_binary(Fault),
    ets:insert(faults, {fault, Told}),
    line([{"fault", Told}]).

line(Members) ->
    io:format("{~s}~n", [lists:join(",", [[json(Name), ":", json(Value)] || {Name, Value} <- Members])]).

json(Value) when is_integer(Value) -> integer_to_list(Value);
json(Value) when is_atom(Value) -> json(atom_to_list(Value));
json([]) -> "[]";
json([Value | _] = Values) when is_binary(Value) -> ["[", lists:join(",", [json(V) || V <- Values]), "]"];
json(Value) -> ["\"", [escape(Character) || <<Character>> <= iolist_to_binary(Value)], "\""].

escape($") -> "\\\"";
escape($\\) -> "\\\\";
escape(Character) when Character < 32; Character > 126 -> io_lib:format("\\u~4.16.0b", [Character]);
escape(Character) -> Character.
