//! Messages put together octet by octet.

pub(crate) const M: u8 = 0x40;
pub(crate) const V: u8 = 0x80;

/// An AVP with its padding; the vendor is written where `flags` has V.
pub(crate) fn avp(code: u32, flags: u8, vendor: u32, data: &[u8]) -> Vec<u8> {
    let header = if flags & V != 0 { 12 } else { 8 };
    let length = (header + data.len()) as u32;
    let mut out = code.to_be_bytes().to_vec();
    out.extend((u32::from(flags) << 24 | length).to_be_bytes());
    if flags & V != 0 {
        out.extend(vendor.to_be_bytes());
    }
    out.extend(data);
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

/// A base AVP with the M flag.
pub(crate) fn base(code: u32, data: &[u8]) -> Vec<u8> {
    avp(code, M, 0, data)
}

/// A base AVP that holds a number.
pub(crate) fn number(code: u32, value: u32) -> Vec<u8> {
    base(code, &value.to_be_bytes())
}

/// A message with hop-by-hop identifier 1 and end-to-end identifier 2.
pub(crate) fn message(flags: u8, code: u32, application: u32, avps: &[Vec<u8>]) -> Vec<u8> {
    let body = avps.concat();
    let mut out = (0x0100_0000 | (20 + body.len()) as u32).to_be_bytes().to_vec();
    out.extend((u32::from(flags) << 24 | code).to_be_bytes());
    for word in [application, 1, 2] {
        out.extend(word.to_be_bytes());
    }
    out.extend(body);
    out
}

/// As a line of input.
pub(crate) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// A Credit-Control-Request that is all right.
pub(crate) fn ccr() -> Vec<u8> {
    message(0xc0, 272, 4, &ccr_avps())
}

pub(crate) fn ccr_avps() -> Vec<Vec<u8>> {
    vec![
        base(263, b"a;1;2"),
        base(264, b"smsc.example.com"),
        base(296, b"example.com"),
        base(283, b"example.net"),
        number(258, 4),
        base(461, b"32274@3gpp.org"),
        number(416, 1),
        number(415, 0),
        base(443, &[number(450, 0), base(444, b"491700000001")].concat()),
    ]
}
