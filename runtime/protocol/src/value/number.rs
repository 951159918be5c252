//! Numbers: Integer32, Integer64, Unsigned32, Unsigned64, Float32 and Float64 are Rust's own types.

use super::ListItem;
use crate::codec::{AvpHeader, AvpValue, Decoder, Encoder, Fault};

macro_rules! number {
    ($($type:ty, $octets:literal, $expected:literal, $inline:literal;)*) => {$(
        impl AvpValue for $type {
            const MIN_PAYLOAD: usize = $octets;

            #[inline]
            fn blank() -> Self {
                Self::default()
            }

            #[inline]
            fn decode_value(&mut self, data: &[u8], _: &mut Decoder<'_>) -> Result<(), Fault> {
                let octets = data.try_into().map_err(|_| Fault::Length { expected: $expected })?;
                *self = Self::from_be_bytes(octets);
                Ok(())
            }

            #[inline]
            fn encode_value(&self, out: &mut Encoder) {
                out.octets(&self.to_be_bytes());
            }

            #[inline]
            fn encode_avp(&self, header: AvpHeader, out: &mut Encoder) {
                out.fixed(header, self.to_be_bytes());
            }
        }

        impl ListItem for $type {
            type Inline = [Self; $inline];
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
