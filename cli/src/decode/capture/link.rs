//! From the frame of a link to the IP packet in it.

/// LINKTYPE_ values of captures, as <https://www.tcpdump.org/linktypes.html> lists them.
mod types {
    pub(super) const NULL: u16 = 0;
    pub(super) const ETHERNET: u16 = 1;
    pub(super) const RAW: u16 = 101;
    pub(super) const LOOP: u16 = 108;
    pub(super) const LINUX_SLL: u16 = 113;
    pub(super) const IPV4: u16 = 228;
    pub(super) const IPV6: u16 = 229;
    pub(super) const LINUX_SLL2: u16 = 276;
    /// What some systems write for RAW.
    pub(super) const RAW_OF_SOME: [u16; 2] = [12, 14];
}

const ETHER_IPV4: u16 = 0x0800;
const ETHER_IPV6: u16 = 0x86dd;
/// Tags of IEEE 802.1Q and 802.1ad, and what was used for double tags before it.
const ETHER_TAGS: [u16; 4] = [0x8100, 0x88a8, 0x9100, 0x9200];
const ETHER_PPPOE: u16 = 0x8864;
const PPP_IPV4: u16 = 0x0021;
const PPP_IPV6: u16 = 0x0057;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content<'a> {
    /// An IP packet, perhaps with padding behind it.
    Ip(&'a [u8]),
    /// Something else.
    Other,
    /// Less than the header of the link.
    Short,
    /// The link type is not known.
    UnknownLink,
}

/// Takes the header of the link off.
pub(crate) fn content(link: u16, frame: &[u8]) -> Content<'_> {
    let behind = match link {
        types::ETHERNET => tagged(frame, 12),
        types::LINUX_SLL => tagged(frame, 14),
        types::LINUX_SLL2 => tagged(frame, 0).map(|(ether_type, _)| (ether_type, frame.get(20..).unwrap_or_default())),
        types::RAW | types::IPV4 | types::IPV6 => return Content::Ip(frame),
        link if types::RAW_OF_SOME.contains(&link) => return Content::Ip(frame),
        types::NULL | types::LOOP => return loopback(frame),
        _ => return Content::UnknownLink,
    };
    match behind {
        Some((ETHER_IPV4 | ETHER_IPV6, packet)) => Content::Ip(packet),
        Some((ETHER_PPPOE, session)) => match session.get(6..).and_then(|ppp| ppp.split_first_chunk()) {
            Some((protocol, packet)) if [PPP_IPV4, PPP_IPV6].contains(&u16::from_be_bytes(*protocol)) => {
                Content::Ip(packet)
            }
            Some(_) => Content::Other,
            None => Content::Short,
        },
        Some(_) => Content::Other,
        None => Content::Short,
    }
}

/// The EtherType at `at`, or behind tags, and what follows it.
fn tagged(frame: &[u8], at: usize) -> Option<(u16, &[u8])> {
    let (ether_type, mut rest) = frame.get(at..)?.split_first_chunk()?;
    let mut ether_type = u16::from_be_bytes(*ether_type);
    while ETHER_TAGS.contains(&ether_type) {
        let (inner, behind) = rest.get(2..)?.split_first_chunk()?;
        (ether_type, rest) = (u16::from_be_bytes(*inner), behind);
    }
    Some((ether_type, rest))
}

/// The address family comes first, in the byte order and with the numbers of the system that captured it.
fn loopback(frame: &[u8]) -> Content<'_> {
    let Some((family, packet)) = frame.split_first_chunk::<4>() else { return Content::Short };
    let family = u32::from_be_bytes(*family);
    match family.min(family.swap_bytes()) {
        2 | 10 | 24 | 28 | 30 => Content::Ip(packet),
        _ => Content::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_link_type() {
        let packet = [0x45, 1, 2, 3];
        let mac = [7; 12];
        let cases: [(u16, &[&[u8]]); 12] = [
            (1, &[&mac, &[8, 0]]),
            (1, &[&mac, &[0x86, 0xdd]]),
            (1, &[&mac, &[0x81, 0, 0, 5, 8, 0]]),
            (1, &[&mac, &[0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0]]),
            (1, &[&mac, &[0x88, 0x64, 0x11, 0, 0, 1, 0, 6, 0, 0x21]]),
            (113, &[&[0; 14], &[8, 0]]),
            (276, &[&[8, 0], &[0; 18]]),
            (101, &[]),
            (12, &[]),
            (229, &[]),
            (0, &[&[2, 0, 0, 0]]),
            (108, &[&[0, 0, 0, 30]]),
        ];
        for (link, head) in cases {
            let frame = [&head.concat()[..], &packet].concat();
            assert_eq!(content(link, &frame), Content::Ip(&packet), "{link}: {frame:02x?}");
        }
        assert_eq!(content(1, &[&mac[..], &[8, 6, 1]].concat()), Content::Other);
        assert_eq!(content(1, &mac), Content::Short);
        assert_eq!(content(1, &[&mac[..], &[0x81, 0, 0]].concat()), Content::Short);
        assert_eq!(content(0, &[7, 0, 0, 0, 1]), Content::Other);
        assert_eq!(content(147, &[1]), Content::UnknownLink);
    }
}
