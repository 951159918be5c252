//! Numbers: Integer32, Integer64, Unsigned32, Unsigned64, Float32 and Float64 (RFC 6733 §4.2) are Rust's own types.
//!
//! Floats keep their bits, also those of a NaN. They compare as Rust's floats do: a NaN, and with it every group that
//! holds one, is not equal to itself, and 0.0 equals -0.0.

use super::{InlineList, ListItem};
use crate::codec::{AvpHeader, AvpValue, Decoder, Encoded, Encoder, Fault, Judged};

macro_rules! number {
    ($($type:ty, $octets:literal, $expected:literal, $inline:literal;)*) => {$(
        impl AvpValue for $type {
            const MIN_PAYLOAD: usize = $octets;

            #[inline]
            fn blank() -> Self {
                Self::default()
            }

            #[inline]
            fn decode_value(&mut self, data: &[u8], _: &mut Decoder<'_>) -> Judged {
                let octets = data.try_into().map_err(|_| &Fault::Length { expected: $expected })?;
                *self = Self::from_be_bytes(octets);
                Ok(())
            }

            #[inline]
            fn encode_value(&self, out: &mut Encoder) -> Encoded {
                out.octets(&self.to_be_bytes());
                Ok(())
            }

            #[inline]
            fn encode_avp(&self, header: AvpHeader, out: &mut Encoder) -> Encoded {
                out.fixed(header, self.to_be_bytes())
            }
        }

        impl ListItem for $type {
            type Storage = InlineList<[Self; $inline]>;
        }
    )*};
}

number! {
    i32, 4, "4", 4;
    u32, 4, "4", 4;
    f32, 4, "4", 4;
    i64, 8, "8", 2;
    u64, 8, "8", 2;
    f64, 8, "8", 2;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::testing::{decode, encode};

    #[test]
    fn floats_keep_their_bits() {
        for bits in [0x7fc0_0000_u32, 0xffc1_2345, 0x7f80_0001, 0x8000_0000, 0xff80_0000] {
            let value = decode::<f32>(&bits.to_be_bytes()).unwrap();
            assert_eq!(value.to_bits(), bits);
            assert_eq!(encode(&value).unwrap(), bits.to_be_bytes());
        }
        for bits in [0x7ff8_0000_0000_0001_u64, 0x8000_0000_0000_0000] {
            let value = decode::<f64>(&bits.to_be_bytes()).unwrap();
            assert_eq!(encode(&value).unwrap(), bits.to_be_bytes());
        }
    }

    #[test]
    fn other_lengths_are_refused() {
        for length in [0, 3, 5, 8] {
            assert_eq!(decode::<u32>(&vec![0; length]), Err(Fault::Length { expected: "4" }));
        }
        for length in [0, 4, 7, 9] {
            assert_eq!(decode::<i64>(&vec![0; length]), Err(Fault::Length { expected: "8" }));
        }
    }
}
