//! The grammar of filter rules (RFC 6733 §4.3.1, RFC 7155 §4.1.1 and §4.4.9).

use super::Misfit;
use super::rule::{
    AddressMatch, Direction, Endpoint, IcmpTypes, IpAction, IpHeaderOption, IpOption, IpRule, Presence, Protocol,
    QosAction, QosOption, QosRule, Rule, TcpFlag, TcpOption,
};
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;

pub(super) fn ip_rule(text: &str) -> Result<IpRule, Misfit> {
    let mut words = Words { text, at: 0 };
    rule(&mut words, IpAction::from_word, "expected `permit` or `deny`", ip_option)
}

pub(super) fn qos_rule(text: &str) -> Result<QosRule, Misfit> {
    let mut words = Words { text, at: 0 };
    rule(&mut words, QosAction::from_word, "expected `tag` or `meter`", qos_option)
}

/// The words of a rule, one after the other, each with the octet it starts at.
struct Words<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Words<'a> {
    fn peek(&self) -> Option<(usize, &'a str)> {
        let rest = &self.text[self.at..];
        let word = rest.split_ascii_whitespace().next()?;
        let start = rest.len() - rest.trim_ascii_start().len();
        Some((self.at + start, word))
    }

    fn next(&mut self) -> Option<(usize, &'a str)> {
        let (start, word) = self.peek()?;
        self.at = start + word.len();
        Some((start, word))
    }

    /// The next word, read by `read`; `reason` where there is none, or another.
    fn expect<T>(&mut self, reason: &'static str, read: impl FnOnce(&'a str) -> Option<T>) -> Result<T, Misfit> {
        let (start, word) = self.next().ok_or((self.text.len(), reason))?;
        read(word).ok_or((start, reason))
    }

    fn keyword(&mut self, keyword: &str, reason: &'static str) -> Result<(), Misfit> {
        self.expect(reason, |word| word.eq_ignore_ascii_case(keyword).then_some(()))
    }
}

fn rule<A, O>(
    words: &mut Words<'_>,
    action: fn(&str) -> Option<A>,
    expected: &'static str,
    option: fn(&mut Words<'_>) -> Result<O, Misfit>,
) -> Result<Rule<A, O>, Misfit> {
    let action = words.expect(expected, action)?;
    let direction = words.expect("expected `in` or `out`", Direction::from_word)?;
    let protocol = words.expect("expected `ip` or the number of a protocol", protocol)?;
    words.keyword("from", "expected `from`")?;
    let source = endpoint(words)?;
    words.keyword("to", "expected `to`")?;
    let destination = endpoint(words)?;
    let mut options = Vec::new();
    while words.peek().is_some() {
        options.push(option(words)?);
    }
    Ok(Rule { action, direction, protocol, source, destination, options })
}

fn protocol(word: &str) -> Option<Protocol> {
    if word.eq_ignore_ascii_case("ip") { Some(Protocol::Any) } else { number(word).map(Protocol::Number) }
}

fn endpoint(words: &mut Words<'_>) -> Result<Endpoint, Misfit> {
    let expected = "expected an IP address, with or without `/` and the bits of a mask, `any` or `assigned`";
    let (negated, address) = words.expect(expected, |word| match word.strip_prefix('!') {
        Some(word) => Some((true, address(word)?)),
        None => Some((false, address(word)?)),
    })?;
    let starts_with_digit = |word: &str| word.starts_with(|first: char| first.is_ascii_digit());
    let ports = match words.peek() {
        Some((_, word)) if starts_with_digit(word) => {
            words.expect("expected ports from 0 to 65535, such as `80,8000-8080`", |word| list(word, range))?
        }
        _ => Vec::new(),
    };
    Ok(Endpoint { negated, address, ports })
}

fn address(word: &str) -> Option<AddressMatch> {
    if word.eq_ignore_ascii_case("any") {
        return Some(AddressMatch::Any);
    }
    if word.eq_ignore_ascii_case("assigned") {
        return Some(AddressMatch::Assigned);
    }
    let Some((address, bits)) = word.split_once('/') else {
        return Some(AddressMatch::Ip { address: word.parse().ok()?, bits: None });
    };
    let (address, bits): (IpAddr, u8) = (address.parse().ok()?, number(bits)?);
    let width = if address.is_ipv4() { 32 } else { 128 };
    (bits <= width).then_some(AddressMatch::Ip { address, bits: Some(bits) })
}

/// Items with commas between.
fn list<T>(word: &str, item: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    word.split(',').map(item).collect()
}

/// A number, or two with `-` between, the greater one last.
fn range<T: FromStr + Copy + PartialOrd>(word: &str) -> Option<RangeInclusive<T>> {
    let (first, last) = word.split_once('-').unwrap_or((word, word));
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some(first..=last)
}

fn presences<T>(word: &str, read: fn(&str) -> Option<T>) -> Option<Vec<Presence<T>>> {
    list(word, |item| match item.strip_prefix('!') {
        Some(absent) => read(absent).map(Presence::Absent),
        None => read(item).map(Presence::Present),
    })
}

const IP_OPTIONS: [&str; 7] = ["frag", "ipoptions", "tcpoptions", "established", "setup", "tcpflags", "icmptypes"];
const QOS_OPTIONS: [&str; 2] = ["DSCP", "metering"];

/// The option that `word` starts, as the tables above spell it.
fn option_name(word: &str) -> Option<&'static str> {
    IP_OPTIONS.into_iter().chain(QOS_OPTIONS).find(|name| name.eq_ignore_ascii_case(word))
}

fn ip_option(words: &mut Words<'_>) -> Result<IpOption, Misfit> {
    let expected =
        "expected an option: `frag`, `ipoptions`, `tcpoptions`, `established`, `setup`, `tcpflags` or `icmptypes`";
    let name = words.expect(expected, |word| option_name(word).filter(|name| IP_OPTIONS.contains(name)))?;
    Ok(match name {
        "frag" => IpOption::Fragment,
        "established" => IpOption::Established,
        "setup" => IpOption::Setup,
        "ipoptions" => {
            let expected = "expected some of `ssrr`, `lsrr`, `rr` and `ts`, with commas between";
            IpOption::IpOptions(words.expect(expected, |word| presences(word, IpHeaderOption::from_word))?)
        }
        "tcpoptions" => {
            let expected = "expected some of `mss`, `window`, `sack`, `ts` and `cc`, with commas between";
            IpOption::TcpOptions(words.expect(expected, |word| presences(word, TcpOption::from_word))?)
        }
        "tcpflags" => {
            let expected = "expected some of `fin`, `syn`, `rst`, `psh`, `ack` and `urg`, with commas between";
            IpOption::TcpFlags(words.expect(expected, |word| presences(word, TcpFlag::from_word))?)
        }
        _ => IpOption::IcmpTypes(icmp_types(words)?),
    })
}

/// Names of types have spaces in them, so the list goes on until the next option.
fn icmp_types(words: &mut Words<'_>) -> Result<IcmpTypes, Misfit> {
    let start = words.peek().map_or(words.text.len(), |(start, _)| start);
    let mut types = String::new();
    while let Some((_, word)) = words.peek().filter(|(_, word)| option_name(word).is_none()) {
        if !types.is_empty() {
            types.push(' ');
        }
        types.push_str(word);
        words.next();
    }
    let named = |name: &str| IcmpTypes::NAMES.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    let types = list(&types, |item| {
        let item = item.trim_ascii();
        named(item).map(|(_, number)| number..=number).or_else(|| range(item))
    });
    types.map(IcmpTypes).ok_or((start, "expected ICMP types by number or name, such as `0,8-10,echo reply`"))
}

fn qos_option(words: &mut Words<'_>) -> Result<QosOption, Misfit> {
    let name = words.peek().and_then(|(_, word)| option_name(word));
    if !name.is_some_and(|name| QOS_OPTIONS.contains(&name)) {
        return ip_option(words).map(QosOption::Match).map_err(|(offset, reason)| match name {
            Some(_) => (offset, reason),
            None => (offset, "expected an option: `DSCP`, `metering` or one of those of an IPFilterRule"),
        });
    }
    words.next();
    if name == Some("DSCP") {
        return words.expect("expected a code point", owned).map(QosOption::Dscp);
    }
    Ok(QosOption::Metering {
        rate: words.expect("expected a rate in bits per second", number)?,
        color_under: words.expect("expected the code point below the rate", owned)?,
        color_over: words.expect("expected the code point above the rate, or `drop`", owned)?,
    })
}

/// Digits and nothing else; Rust's own reading would let a sign pass.
fn number<T: FromStr>(word: &str) -> Option<T> {
    if word.bytes().all(|octet| octet.is_ascii_digit()) { word.parse().ok() } else { None }
}

fn owned(word: &str) -> Option<String> {
    Some(word.into())
}
