//! All that the run-time dictionary tells of a message.

use diametric_dissect::{Avps, Dissector, Value};
use diametric_protocol::wire::RawMessage;

/// Reads every AVP of a message by a dictionary: its definition, its value by its type, and the label of the value, summed up
/// so that nothing is left out.
pub fn dissect(frame: &[u8], dissector: &Dissector) -> Option<u32> {
    let message = dissector.message(RawMessage::read(frame).ok()?);
    let names = message.command()?.name.len() + message.application()?.len();
    Some(sum(message.avps())?.wrapping_add(names as u32))
}

fn sum(avps: Avps<'_>) -> Option<u32> {
    let mut sum = 0_u32;
    for avp in avps {
        let avp = avp.ok()?;
        let (name, vendor) = match avp.definition() {
            Some(definition) => (definition.name().as_bytes(), definition.vendor()),
            None => (&[][..], avp.vendor()),
        };
        sum = sum.wrapping_add(octets(name)).wrapping_add(vendor ^ u32::from(avp.flags().0));
        sum = sum.wrapping_add(match avp.value().ok()? {
            Value::Unknown(data) | Value::Octets(data) => octets(data),
            Value::Text(text) | Value::Identity(text) | Value::Uri(text) => octets(text.as_bytes()),
            Value::Integer32(number) => number.cast_unsigned(),
            Value::Unsigned32(number) => number,
            Value::Integer64(number) => number as u32,
            Value::Unsigned64(number) => number as u32,
            Value::Float32(number) => number.to_bits(),
            Value::Float64(number) => number.to_bits() as u32,
            Value::Enumerated(value) => octets(value.label().unwrap_or_default().as_bytes()) ^ value.value() as u32,
            Value::Time(time) => time.ntp_seconds(),
            Value::Address(address) => octets(address.octets()) ^ u32::from(address.family()),
            Value::Group(members) => self::sum(members)?,
            // No other kind of value is known.
            _ => return None,
        });
    }
    Some(sum)
}

/// That there are octets, and where: what a reader needs before it looks at them.
fn octets(octets: &[u8]) -> u32 {
    octets.len() as u32 ^ octets.first().copied().map_or(0, u32::from)
}
