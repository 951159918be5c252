//! Where generated code comes in, and what only generated code calls.

/// A field of a hand-written group has the type that its AVP demands: `T` is `T`.
///
/// Derived code reaches every field by way of this trait, so that a wrong type is one error, at the type.
#[diagnostic::on_unimplemented(
    message = "this field holds a `{Self}`, but its AVP and its cardinality demand a `{T}`",
    label = "expected `{T}`",
    note = "exactly one is the AVP's value itself, at most one an `Option` of it, several a `List` of it"
)]
pub trait Holds<T> {
    /// The field's value when it is made.
    fn make(value: T) -> Self;
    /// To encode it.
    fn get(&self) -> &T;
    /// To decode it.
    fn get_mut(&mut self) -> &mut T;
}

impl<T> Holds<T> for T {
    #[inline]
    fn make(value: T) -> T {
        value
    }
    #[inline]
    fn get(&self) -> &T {
        self
    }
    #[inline]
    fn get_mut(&mut self) -> &mut T {
        self
    }
}

/// Includes what `diametric_codegen::Generator` generated in this package's build script.
///
/// Stands at the root of a crate, or in a module of its own; the modules of the dictionaries and the static `DICTIONARY`
/// appear where it stands.
#[macro_export]
macro_rules! include_dictionary {
    () => {
        include!(concat!(env!("OUT_DIR"), "/diametric.rs"));
    };
}

/// Makes a [`Group`](crate::codec::Group) the value of a Grouped AVP. For generated code.
#[doc(hidden)]
#[macro_export]
macro_rules! grouped_value {
    ($type:ident) => {
        impl $crate::codec::AvpValue for $type {
            const MIN_PAYLOAD: usize = 0;
            fn blank() -> Self {
                $crate::codec::Group::blank_group()
            }
            fn decode_value(
                &mut self,
                data: &[u8],
                decoder: &mut $crate::codec::Decoder<'_>,
            ) -> ::core::result::Result<(), $crate::codec::Fault> {
                decoder.group(self, data)
            }
            fn encode_value(&self, out: &mut $crate::codec::Encoder) {
                $crate::codec::Group::encode_members(self, out);
            }
        }
        impl $crate::value::ListItem for $type {
            type Storage = ::std::vec::Vec<Self>;
        }
    };
}
