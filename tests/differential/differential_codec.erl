%% Decodes messages with the codec of Erlang/OTP's diameter application, and tells what it makes of them.
%%
%%   erl -noshell -pa DIR -s differential_codec main -extra MESSAGES RESULTS
%%
%% MESSAGES has a line for each message: the module of its dictionary, and its octets in hexadecimal. RESULTS gets a line for
%% each: the first error as code and path (2001 if there is none), the AVPs, and the message as it is encoded again. A
%% path is the codes of AVPs from the top of the message down.
-module(differential_codec).

-include_lib("diameter/include/diameter.hrl").

-export([main/0]).

main() ->
    spawn(fun() ->
        try
            ok = logger:set_primary_config(level, none),
            [Messages, Results] = init:get_plain_arguments(),
            {ok, Text} = file:read_file(Messages),
            Lines = binary:split(Text, <<"\n">>, [global, trim_all]),
            ok = file:write_file(Results, [[told(Line), "\n"] || Line <- Lines]),
            halt(0)
        catch Class:Reason:Stack ->
            io:format(standard_error, "~p: ~p~n~p~n", [Class, Reason, Stack]),
            halt(1)
        end
    end).

told(Line) ->
    [Module, Hex] = binary:split(Line, <<" ">>),
    Dictionary = binary_to_atom(Module),
    Options = #{decode_format => map, string_decode => false, strict_mbit => true, rfc => 6733,
                app_dictionary => Dictionary, avp_dictionaries => [], ordered_encode => true},
    Packet = diameter_codec:decode(Dictionary, Options, binary:decode_hex(Hex)),
    #diameter_packet{header = Header, msg = Message, errors = Errors, avps = Avps} = Packet,
    {Tree, Encoded} = case Errors of
        [] -> {lists:join(" ", [avp(Avp) || Avp <- Avps]), encoded(Dictionary, Options, Header, Message)};
        _ -> {"-", "-"}
    end,
    [verdict(Errors), "\t", Tree, "\t", Encoded].

verdict([]) -> "2001";
verdict([{Code, Avp} | _]) -> [integer_to_list(Code), path(Avp)];
verdict([Code | _]) -> integer_to_list(Code).

path(#diameter_avp{code = undefined}) -> " -";
path(#diameter_avp{code = Code, data = [#diameter_avp{} = Inner]}) -> [" ", integer_to_list(Code), path(Inner)];
path(#diameter_avp{code = Code}) -> [" ", integer_to_list(Code)].

%% Failed-AVP is told as octets: nobody judges what is in it.
avp([#diameter_avp{name = 'Failed-AVP'} = Avp | _]) ->
    avp(Avp);
avp([Avp | Members]) ->
    [head(Avp), "{", lists:join(" ", [avp(Member) || Member <- Members]), "}"];
avp(#diameter_avp{data = Data} = Avp) ->
    [head(Avp), "=", case Data of _ when is_binary(Data) -> binary:encode_hex(Data); _ -> "?" end].

head(#diameter_avp{code = Code, vendor_id = Vendor, is_mandatory = M, need_encryption = P}) ->
    [integer_to_list(Code), "/", case Vendor of undefined -> "0"; _ -> integer_to_list(Vendor) end,
     [$M || M], [$P || P]].

encoded(Dictionary, Options, Header, Message) ->
    try diameter_codec:encode(Dictionary, Options, #diameter_packet{header = Header, msg = Message}) of
        #diameter_packet{bin = Octets} -> binary:encode_hex(iolist_to_binary(Octets))
    catch
        Class:Reason -> io_lib:format("~0p ~0P", [Class, Reason, 40])
    end.
