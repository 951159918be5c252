//! Every diagnostic there is. `docs/diagnostics.md` explains each with an example and its cure.

use std::fmt;

/// The identity of a diagnostic: one kind of mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code {
    /// `D012`; never given to another mistake.
    pub id: &'static str,
    /// A few words with dashes, which also name its example file.
    pub name: &'static str,
    /// What is wrong, in general.
    pub title: &'static str,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

macro_rules! catalogue {
    ($($constant:ident = $id:literal $name:literal $title:literal;)*) => {
        $(
            #[doc = concat!($title, ".")]
            pub const $constant: Code = Code { id: $id, name: $name, title: $title };
        )*

        /// All codes, in order.
        pub const ALL: &[Code] = &[$($constant),*];
    };
}

catalogue! {
    UNREADABLE_FILE = "D001" "unreadable-file" "A file cannot be read";
    NOT_WELL_FORMED = "D002" "not-well-formed" "The XML is not well-formed";
    DOCTYPE = "D003" "doctype" "A dictionary has a document type declaration";
    NESTED_TOO_DEEP = "D004" "nested-too-deep" "Elements are nested too deep";
    UNKNOWN_ELEMENT = "D005" "unknown-element" "An element has no meaning where it stands";
    UNKNOWN_ATTRIBUTE = "D006" "unknown-attribute" "An attribute has no meaning on its element";
    MISSING_ATTRIBUTE = "D007" "missing-attribute" "An element lacks an attribute";
    MISSING_ELEMENT = "D008" "missing-element" "An element lacks a child";
    REPEATED_ELEMENT = "D009" "repeated-element" "A child that may stand once stands twice";
    UNEXPECTED_TEXT = "D010" "unexpected-text" "Text stands where only elements may";
    MISPLACED_ANY = "D011" "misplaced-any" "The extension point is not the last member, or stands twice";
    DUPLICATE_CODE = "D012" "duplicate-code" "Two AVPs have the same (vendor, code)";
    DUPLICATE_NAME = "D013" "duplicate-name" "Two AVPs of a vendor have the same name";
    UNKNOWN_VENDOR = "D014" "unknown-vendor" "A vendor is declared nowhere";
    VENDOR_CONFLICT = "D015" "vendor-conflict" "A vendor is declared twice, differently";
    FLAG_CONFLICT = "D016" "flag-conflict" "An AVP flag is unknown, or is both demanded and forbidden";
    VENDOR_FLAG = "D017" "vendor-flag" "The V flag does not fit the vendor";
    BAD_NUMBER = "D018" "bad-number" "A value is not a number";
    NUMBER_OUT_OF_RANGE = "D019" "number-out-of-range" "A number does not fit its place";
    BAD_VALUE = "D020" "bad-value" "An attribute has a value that means nothing";
    UNKNOWN_DATA_TYPE = "D021" "unknown-data-type" "A data type does not exist";
    ITEMS_NOT_ALLOWED = "D022" "items-not-allowed" "A type that cannot carry named values has some";
    RULES_NOT_ALLOWED = "D023" "rules-not-allowed" "A type other than Grouped has members";
    DUPLICATE_ITEM = "D024" "duplicate-item" "Two items of an enumeration have the same value";
    UNKNOWN_MEMBER = "D025" "unknown-member" "A rule names an AVP that is defined nowhere";
    AMBIGUOUS_MEMBER = "D026" "ambiguous-member" "A rule names an AVP that exists under two vendors";
    REPEATED_MEMBER = "D027" "repeated-member" "A group or message has two rules for one AVP";
    MIN_OVER_MAX = "D028" "min-over-max" "A rule has min above max";
    CARDINALITY = "D029" "cardinality" "The attributes of a rule contradict each other";
    FIXED_ORDER = "D030" "fixed-order" "A fixed member stands after members that are not";
    REQUIRED_CYCLE = "D031" "required-cycle" "A group requires itself";
    INCOMPLETE_COMMAND = "D032" "incomplete-command" "A command has a request without answer, or an answer without request";
    DUPLICATE_COMMAND = "D033" "duplicate-command" "Two commands of an application have the same code or name";
    UNKNOWN_COMMAND = "D034" "unknown-command" "A command to extend or to start from does not exist";
    UNKNOWN_AVP = "D035" "unknown-avp" "An AVP to extend does not exist";
    REQUIRED_IN_EXTEND = "D036" "required-in-extend" "An extension requires a member in another crate's type";
    UNKNOWN_IMPORT = "D037" "unknown-import" "An imported dictionary is not there";
    IMPORT_CYCLE = "D038" "import-cycle" "Imports lead back to where they began";
    UNUSED_IMPORT = "D039" "unused-import" "An import is not needed";
    NOT_IMPORTED = "D040" "not-imported" "A name belongs to a dictionary that is not imported";
    DUPLICATE_DICTIONARY = "D041" "duplicate-dictionary" "Two dictionaries have the same name";
    APPLICATION_CONFLICT = "D042" "application-conflict" "An application is declared twice, differently";
    DUPLICATE_ANSWER_MESSAGE = "D043" "duplicate-answer-message" "The answer-message is declared twice";
    ILLEGAL_RUST_NAME = "D044" "illegal-rust-name" "A name cannot become a Rust identifier";
    TYPE_NAME_COLLISION = "D045" "type-name-collision" "Two types of a module would have the same Rust name";
    FIELD_COLLISION = "D046" "field-collision" "Two members of a struct would have the same Rust name";
    VALUE_COLLISION = "D047" "value-collision" "Two values of an enumeration would have the same Rust name";
    DEPRECATED_USE = "D048" "deprecated-use" "A rule names a deprecated AVP of another crate";
    CLOSED_ENUMERATION = "D049" "closed-enumeration" "An extension adds values to another crate's closed enumeration";
    UNKNOWN_APPLICATION = "D050" "unknown-application" "An application is declared nowhere";
}

/// The code with this id, such as `D012`.
pub fn by_id(id: &str) -> Option<Code> {
    ALL.iter().copied().find(|code| code.id.eq_ignore_ascii_case(id))
}
