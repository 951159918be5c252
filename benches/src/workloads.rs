//! The workloads, AVP by AVP.

use diametric_protocol::wire::{AvpFlags, CommandFlags, EndToEndId, Header, HopByHopId, RawAvpBuf};

const TGPP: u32 = 10415;

fn avp(code: u32, vendor: u32, mandatory: bool, data: &[u8]) -> Vec<u8> {
    let vendor_flag = if vendor == 0 { AvpFlags::NONE } else { AvpFlags::VENDOR };
    let flags = if mandatory { vendor_flag.with(AvpFlags::MANDATORY) } else { vendor_flag };
    let mut out = Vec::new();
    RawAvpBuf { code, vendor, flags, data: data.into() }.write(&mut out).expect("a short AVP");
    out
}

fn text(code: u32, value: &str) -> Vec<u8> {
    avp(code, 0, true, value.as_bytes())
}

fn number(code: u32, value: u32) -> Vec<u8> {
    avp(code, 0, true, &value.to_be_bytes())
}

fn long(code: u32, value: u64) -> Vec<u8> {
    avp(code, 0, true, &value.to_be_bytes())
}

fn group(code: u32, members: &[Vec<u8>]) -> Vec<u8> {
    avp(code, 0, true, &members.concat())
}

fn tgpp(code: u32, value: &[u8]) -> Vec<u8> {
    avp(code, TGPP, false, value)
}

fn tgpp_number(code: u32, value: u32) -> Vec<u8> {
    avp(code, TGPP, true, &value.to_be_bytes())
}

fn tgpp_group(code: u32, members: &[Vec<u8>]) -> Vec<u8> {
    avp(code, TGPP, true, &members.concat())
}

fn ipv4(code: u32, address: [u8; 4]) -> Vec<u8> {
    avp(code, TGPP, true, &[&[0, 1], &address[..]].concat())
}

fn message(flags: CommandFlags, command: u32, application: u32, avps: &[Vec<u8>]) -> Vec<u8> {
    let body = avps.concat();
    let header = Header {
        flags,
        command,
        application,
        hop_by_hop: HopByHopId(0x1020_3040),
        end_to_end: EndToEndId(0x5060_7080),
    };
    [&header.to_bytes(20 + body.len() as u32)[..], &body].concat()
}

/// Who is who: short names as in a laboratory, long ones as operators have them.
struct Names {
    session: &'static str,
    gateway: &'static str,
    gateway_realm: &'static str,
    server: &'static str,
    server_realm: &'static str,
    user: &'static str,
    apn: &'static str,
}

const SHORT: Names = Names {
    session: "gw-04.core.example.org;1790000000;77;data-000-0042",
    gateway: "gw-04.core.example.org",
    gateway_realm: "core.example.org",
    server: "ocs-2.billing.example.com",
    server_realm: "billing.example.com",
    user: "001010123456789@nai.xyz",
    apn: "internet.mnc042",
};

const LONG: Names = Names {
    session: "gw04.site7.core.mnc042.mcc001.3gppnetwork.org;1790000000;77;data-000-0042-ab-cdef",
    gateway: "gw04.site7.core.mnc042.mcc001.3gppnetwork.org",
    gateway_realm: "core.mnc042.mcc001.3gppnetwork.org",
    server: "ocs2.site1.charging.mnc042.mcc001.3gppnetwork.org",
    server_realm: "charging.mnc042.mcc001.3gppnetwork.org",
    user: "001010123456789@nai.mnc042.mcc001.net",
    apn: "internet.mnc042.mcc001.gprs",
};

const REQUEST: CommandFlags = CommandFlags(0xc0);
const ANSWER: CommandFlags = CommandFlags(0x40);

fn request_head(names: &Names, request_type: u32, number_of_request: u32) -> Vec<Vec<u8>> {
    vec![
        text(263, names.session),
        text(264, names.gateway),
        text(296, names.gateway_realm),
        text(283, names.server_realm),
        number(258, 4),
        text(461, "32251@3gpp.org"),
        number(416, request_type),
        number(415, number_of_request),
        text(293, names.server),
        text(1, names.user),
        number(278, 1_790_000_000),
        number(55, 3_998_000_000),
        group(443, &[number(450, 0), text(444, "15550123456")]),
        group(443, &[number(450, 1), text(444, "001010123456789")]),
        number(455, 1),
    ]
}

fn answer_head(request_type: u32, number_of_request: u32) -> Vec<Vec<u8>> {
    vec![
        text(263, SHORT.session),
        number(268, 2001),
        text(264, SHORT.server),
        text(296, SHORT.server_realm),
        number(258, 4),
        number(416, request_type),
        number(415, number_of_request),
    ]
}

/// DWR.
pub fn w1() -> Vec<u8> {
    message(
        CommandFlags(0x80),
        280,
        0,
        &[text(264, SHORT.gateway), text(296, SHORT.gateway_realm), number(278, 1_790_000_000)],
    )
}

/// User-Equipment-Info and Service-Information.
fn request_tail(names: &Names) -> [Vec<u8>; 2] {
    let equipment = [avp(459, 0, false, &0_u32.to_be_bytes()), avp(460, 0, false, b"3520990017614823")];
    let ps_information = [
        tgpp(2, &[0x0d, 0x0c, 0x0b, 0x0a]),
        tgpp(3, &0_u32.to_be_bytes()),
        ipv4(1227, [10, 20, 30, 40]),
        tgpp(5, b"08-48080000061a800000c350"),
        ipv4(1228, [198, 51, 100, 1]),
        ipv4(847, [198, 51, 100, 2]),
        tgpp(8, b"00142"),
        tgpp(9, b"00142"),
        tgpp(10, b"5"),
        text(30, names.apn),
        tgpp(12, b"0"),
        tgpp(13, b"0400"),
        tgpp(18, b"00142"),
        tgpp(23, &[0x40, 0x00]),
        tgpp(22, &[0x82, 0x00, 0xf1, 0x24, 0x12, 0x34, 0x00, 0xf1, 0x24, 0x00, 0x11, 0x22, 0x33]),
        tgpp(21, &[6]),
    ];
    [avp(458, 0, false, &equipment.concat()), tgpp_group(873, &[tgpp_group(874, &ps_information)])]
}

fn initial(names: &Names) -> Vec<u8> {
    let mut avps = request_head(names, 1, 0);
    avps.push(group(456, &[group(437, &[]), number(432, 7)]));
    avps.extend(request_tail(names));
    message(REQUEST, 272, 4, &avps)
}

/// CCR INITIAL with PS-Information.
pub fn w2() -> Vec<u8> {
    initial(&SHORT)
}

/// CCR INITIAL with PS-Information and long operator names.
pub fn w2r() -> Vec<u8> {
    initial(&LONG)
}

/// CCA INITIAL.
pub fn w2a() -> Vec<u8> {
    let mut avps = answer_head(1, 0);
    let granted = group(431, &[number(420, 1800), long(421, 20_000_000)]);
    avps.push(group(456, &[granted, number(432, 7), number(448, 3600), number(268, 2001)]));
    message(ANSWER, 272, 4, &avps)
}

/// CCR UPDATE with eight Multiple-Services-Credit-Control.
pub fn w3() -> Vec<u8> {
    let mut avps = request_head(&SHORT, 2, 5);
    for service in 0..8_u32 {
        let wide = u64::from(service);
        let used = [
            number(420, 300 + service),
            long(421, 9_000_000 + wide),
            long(412, 2_000_000 + wide),
            long(414, 7_000_000),
        ];
        let trigger = [tgpp_number(870, 1), tgpp_number(870, 2)];
        let qos = [
            tgpp_number(1028, 8),
            tgpp_group(1034, &[tgpp_number(1046, 9)]),
            tgpp_number(1041, 20_000_000),
            tgpp_number(1040, 80_000_000),
        ];
        avps.push(group(
            456,
            &[
                group(437, &[]),
                group(446, &used),
                number(439, 700 + service),
                number(432, 7 + service),
                tgpp_number(872, 3),
                tgpp_group(1264, &trigger),
                tgpp_group(1016, &qos),
            ],
        ));
    }
    avps.extend(request_tail(&SHORT));
    message(REQUEST, 272, 4, &avps)
}

/// CCA UPDATE with eight Multiple-Services-Credit-Control.
pub fn w4() -> Vec<u8> {
    let mut avps = answer_head(2, 5);
    for service in 0..8_u32 {
        let granted = [number(420, 1800), long(421, 20_000_000 + u64::from(service))];
        let mut members = vec![
            group(431, &granted),
            number(439, 700 + service),
            number(432, 7 + service),
            number(448, 3600),
            number(268, 2001),
        ];
        if service == 0 || service == 4 {
            let portal = group(434, &[number(433, 2), text(435, "http://topup.example.com/portal")]);
            members.push(group(430, &[number(449, 1), portal]));
        }
        members.extend([tgpp_number(868, 120), tgpp_number(869, 2_000_000), tgpp_number(871, 300)]);
        avps.push(group(456, &members));
    }
    message(ANSWER, 272, 4, &avps)
}
