//! What generated enumerations have in common.

use crate::codec::{Fault, Judged};
use std::fmt;

/// A type with named values: Enumerated, or an Integer32 or Unsigned32 that comes with a list.
///
/// An *open* enumeration is a newtype over its number with a constant for each name; unknown values survive. A *closed*
/// one is a Rust enum, and an unknown value is refused with 5004.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an enumeration",
    label = "has no named values",
    note = "enumerations come from AVPs with `<item>`s in a dictionary or from `#[derive(Enumerated)]`"
)]
pub trait Enumeration: Copy + Eq + fmt::Debug + 'static {
    /// The number on the wire: `i32` or `u32`.
    type Raw: Copy + Eq + fmt::Display + Into<i64>;

    /// Names as the specification prints them, by value.
    const LABELS: &'static [(Self::Raw, &'static str)];

    /// The value for a number; `None` where the enumeration is closed and has no such value.
    fn from_raw(raw: Self::Raw) -> Option<Self>;

    /// The number.
    fn raw(self) -> Self::Raw;

    /// The name as the specification prints it.
    fn label(self) -> Option<&'static str> {
        find_label(self.raw(), Self::LABELS)
    }

    /// The value with this name, spelt as the specification prints it.
    fn from_label(label: &str) -> Option<Self> {
        Self::from_raw(find_raw(label, Self::LABELS)?)
    }
}

// Generic over the number only: compiled twice, not once for each enumeration.
#[inline(never)]
fn find_label<R: Copy + Eq>(raw: R, labels: &[(R, &'static str)]) -> Option<&'static str> {
    labels.iter().find(|(other, _)| *other == raw).map(|(_, label)| *label)
}

#[inline(never)]
fn find_raw<R: Copy + Eq>(label: &str, labels: &[(R, &'static str)]) -> Option<R> {
    labels.iter().find(|(_, other)| *other == label).map(|(raw, _)| *raw)
}

#[inline(never)]
fn write_raw<R: Copy + Eq + fmt::Display>(
    raw: R,
    labels: &[(R, &'static str)],
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    match find_label(raw, labels) {
        Some(label) => write!(f, "{raw} ({label})"),
        None => write!(f, "{raw}"),
    }
}

#[doc(hidden)]
pub fn write_label<E: Enumeration>(value: E, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write_raw(value.raw(), E::LABELS, f)
}

#[doc(hidden)]
#[inline]
pub fn decode_closed<E: Enumeration>(slot: &mut E, raw: E::Raw) -> Judged {
    let Some(value) = E::from_raw(raw) else {
        return Err(&Fault::Value { reason: "not a value of this closed enumeration" });
    };
    *slot = value;
    Ok(())
}

/// Implements [`Enumeration`] and what values need for a newtype `struct $type(pub $raw)`; bounds may follow the labels. For
/// generated code.
#[doc(hidden)]
#[macro_export]
macro_rules! open_enumeration {
    ($type:ident, $raw:ty, [$($value:literal = $label:literal),* $(,)?] $($bounds:tt)*) => {
        impl $crate::value::Enumeration for $type $($bounds)* {
            type Raw = $raw;
            const LABELS: &'static [($raw, &'static str)] = &[$(($value, $label)),*];
            #[inline]
            fn from_raw(raw: $raw) -> Option<Self> {
                Some(Self(raw))
            }
            #[inline]
            fn raw(self) -> $raw {
                self.0
            }
        }
        impl ::core::convert::From<$raw> for $type $($bounds)* {
            fn from(raw: $raw) -> Self {
                Self(raw)
            }
        }
        $crate::enumeration_value! {
            $type, $raw, Self(0), { $($bounds)* }
            // Whatever the number is, it is a value.
            const JUDGE: fn(&[u8], &mut $crate::codec::Decoder<'_>) -> $crate::codec::Judged =
                <$raw as $crate::codec::AvpValue>::JUDGE;
            #[inline]
            fn decode_value(&mut self, data: &[u8], decoder: &mut $crate::codec::Decoder<'_>) -> $crate::codec::Judged {
                $crate::codec::AvpValue::decode_value(&mut self.0, data, decoder)
            }
        }
    };
}

/// Implements [`Enumeration`] and what values need for an `enum`; bounds may follow the labels. For generated code.
#[doc(hidden)]
#[macro_export]
macro_rules! closed_enumeration {
    ($type:ident, $raw:ty, $first:ident, [$($value:literal = $variant:ident $label:literal),* $(,)?] $($bounds:tt)*) => {
        impl $crate::value::Enumeration for $type $($bounds)* {
            type Raw = $raw;
            const LABELS: &'static [($raw, &'static str)] = &[$(($value, $label)),*];
            #[inline]
            fn from_raw(raw: $raw) -> Option<Self> {
                match raw {
                    $($value => Some(Self::$variant),)*
                    _ => None,
                }
            }
            #[inline]
            fn raw(self) -> $raw {
                self as $raw
            }
        }
        $crate::enumeration_value! {
            $type, $raw, Self::$first, { $($bounds)* }
            #[inline]
            fn decode_value(&mut self, data: &[u8], decoder: &mut $crate::codec::Decoder<'_>) -> $crate::codec::Judged {
                let mut raw: $raw = 0;
                $crate::codec::AvpValue::decode_value(&mut raw, data, decoder)?;
                $crate::value::__private::decode_closed(self, raw)
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! enumeration_value {
    ($type:ident, $raw:ty, $blank:expr, { $($bounds:tt)* } $($decode:item)*) => {
        impl ::core::fmt::Debug for $type $($bounds)* {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                $crate::value::__private::write_label(*self, f)
            }
        }
        impl ::core::fmt::Display for $type $($bounds)* {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                $crate::value::__private::write_label(*self, f)
            }
        }
        impl ::core::convert::From<$type> for $raw $($bounds)* {
            fn from(value: $type) -> $raw {
                $crate::value::Enumeration::raw(value)
            }
        }
        impl $crate::value::ListItem for $type $($bounds)* {
            type Storage = $crate::value::InlineList<[Self; 4]>;
        }
        impl $crate::codec::AvpValue for $type $($bounds)* {
            const MIN_PAYLOAD: usize = 4;
            #[inline]
            fn blank() -> Self {
                $blank
            }
            $($decode)*
            #[inline]
            fn encode_value(&self, out: &mut $crate::codec::Encoder) -> $crate::codec::Encoded {
                $crate::codec::AvpValue::encode_value(&$crate::value::Enumeration::raw(*self), out)
            }
            #[inline]
            fn encode_avp(
                &self,
                header: $crate::codec::AvpHeader,
                out: &mut $crate::codec::Encoder,
            ) -> $crate::codec::Encoded {
                $crate::codec::AvpValue::encode_avp(&$crate::value::Enumeration::raw(*self), header, out)
            }
        }
    };
}
