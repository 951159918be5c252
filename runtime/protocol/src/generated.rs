//! Where generated code comes in, and what only generated code calls.

use crate::codec::{AvpValue, Extras};
use crate::value::{List, ListItem};
use std::fmt;

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

/// How a field of a group or message shows itself in `Debug`: not at all where the AVP is absent.
pub trait Show {
    /// Prints the field, if the AVP is present.
    fn show(&self, name: &str, out: &mut fmt::DebugStruct<'_, '_>);
}

// What is printed is a reference: with a value behind `dyn` would come the code to drop it.
impl<T: AvpValue> Show for T {
    #[inline(never)]
    fn show(&self, name: &str, out: &mut fmt::DebugStruct<'_, '_>) {
        present(name, &self, out);
    }
}

impl<T: fmt::Debug> Show for Option<T> {
    #[inline(never)]
    fn show(&self, name: &str, out: &mut fmt::DebugStruct<'_, '_>) {
        if let Some(value) = self {
            present(name, &value, out);
        }
    }
}

impl<T: ListItem + fmt::Debug> Show for List<T> {
    #[inline(never)]
    fn show(&self, name: &str, out: &mut fmt::DebugStruct<'_, '_>) {
        if !self.is_empty() {
            present(name, &self, out);
        }
    }
}

impl Show for Extras {
    fn show(&self, name: &str, out: &mut fmt::DebugStruct<'_, '_>) {
        if !self.is_empty() {
            present(name, &self, out);
        }
    }
}

fn present(name: &str, value: &dyn fmt::Debug, out: &mut fmt::DebugStruct<'_, '_>) {
    out.field(name.strip_prefix("r#").unwrap_or(name), value);
}

/// Implements `Debug`, for a struct with a grammar, in which most members are absent: only what is present is printed. An
/// own form names the field of its standard message. For generated code.
#[doc(hidden)]
#[macro_export]
macro_rules! debug_present {
    ($type:ident $(($standard:ident))? { $($field:ident),* }) => {
        impl ::core::fmt::Debug for $type {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                let mut out = f.debug_struct(::core::stringify!($type));
                $(out.field(::core::stringify!($standard), &self.$standard);)?
                $($crate::generated::Show::show(&self.$field, ::core::stringify!($field), &mut out);)*
                out.finish()
            }
        }
    };
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

/// Makes a [`Group`](crate::codec::Group) the value of a Grouped AVP; bounds may follow the type. For generated code.
#[doc(hidden)]
#[macro_export]
macro_rules! grouped_value {
    ($type:ident $($bounds:tt)*) => {
        impl $crate::codec::AvpValue for $type $($bounds)* {
            const MIN_PAYLOAD: usize = 0;
            #[inline]
            fn blank() -> Self {
                $crate::codec::Group::blank_group()
            }
            fn decode_value(&mut self, data: &[u8], decoder: &mut $crate::codec::Decoder<'_>) -> $crate::codec::Judged {
                decoder.group(self, data)
            }
            fn encode_value(&self, out: &mut $crate::codec::Encoder) -> $crate::codec::Encoded {
                $crate::codec::Group::encode_members(self, out)
            }
            fn encode_avp(
                &self,
                header: $crate::codec::AvpHeader,
                out: &mut $crate::codec::Encoder,
            ) -> $crate::codec::Encoded {
                out.group_avp(header, self)
            }
        }
        impl $crate::value::ListItem for $type $($bounds)* {
            type Storage = $crate::value::GroupList<Self>;
        }
    };
}
