//! AVPs and commands as the specifications print them.

use crate::model::DataType;

/// The name RFC 6733 gives a data format.
pub fn type_name(data_type: DataType) -> &'static str {
    match data_type {
        DataType::OctetString => "OctetString",
        DataType::Integer32 => "Integer32",
        DataType::Integer64 => "Integer64",
        DataType::Unsigned32 => "Unsigned32",
        DataType::Unsigned64 => "Unsigned64",
        DataType::Float32 => "Float32",
        DataType::Float64 => "Float64",
        DataType::Grouped => "Grouped",
        DataType::Address => "Address",
        DataType::Time => "Time",
        DataType::Utf8String => "UTF8String",
        DataType::DiameterIdentity => "DiameterIdentity",
        DataType::DiameterUri => "DiameterURI",
        DataType::Enumerated => "Enumerated",
        DataType::IpFilterRule => "IPFilterRule",
        DataType::QosFilterRule => "QoSFilterRule",
    }
}
