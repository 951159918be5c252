//! Where generated code comes in.

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
            type Inline = [Self; 0];
        }
    };
}
