//! What nodes tell each other when they meet: CER and CEA (RFC 6733 §5.3).

use crate::base::{
    CapabilitiesExchangeAnswer, CapabilitiesExchangeAnswerRequired, CapabilitiesExchangeRequest,
    CapabilitiesExchangeRequestRequired, ResultCode, VendorSpecificApplicationId,
};
use crate::value::{Address, DiameterIdentity, List, Utf8String};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// The Application-Id with which a relay stands for every application.
pub const RELAY: u32 = 0xffff_ffff;

/// The applications that a node serves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applications {
    auth: BTreeSet<u32>,
    acct: BTreeSet<u32>,
}

impl Applications {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// These, and one that authorizes, such as 4 (credit control).
    #[must_use]
    pub fn with_auth(mut self, id: u32) -> Self {
        self.auth.insert(id);
        self
    }

    /// These, and one that accounts, such as 3 (base accounting).
    #[must_use]
    pub fn with_acct(mut self, id: u32) -> Self {
        self.acct.insert(id);
        self
    }

    /// Ids of the applications that authorize.
    pub fn auth(&self) -> impl Iterator<Item = u32> {
        self.auth.iter().copied()
    }

    /// Ids of the applications that account.
    pub fn acct(&self) -> impl Iterator<Item = u32> {
        self.acct.iter().copied()
    }

    /// Whether the node relays every application.
    pub fn is_relay(&self) -> bool {
        self.auth.contains(&RELAY) || self.acct.contains(&RELAY)
    }

    /// Whether messages of this application can go to the node.
    pub fn serves(&self, id: u32) -> bool {
        self.is_relay() || self.auth.contains(&id) || self.acct.contains(&id)
    }

    /// Whether there is anything to talk about with `other`: an application of the same kind and id, or a relay on
    /// either side.
    pub fn has_common(&self, other: &Self) -> bool {
        self.is_relay()
            || other.is_relay()
            || !self.auth.is_disjoint(&other.auth)
            || !self.acct.is_disjoint(&other.acct)
    }

    fn advertised(auth: &[u32], acct: &[u32], vendor_specific: &[VendorSpecificApplicationId]) -> Self {
        // The Vendor-Id inside Vendor-Specific-Application-Id plays no part (RFC 6733 §5.3).
        let grouped_auth = vendor_specific.iter().filter_map(|group| group.auth_application_id);
        let grouped_acct = vendor_specific.iter().filter_map(|group| group.acct_application_id);
        Self {
            auth: auth.iter().copied().chain(grouped_auth).collect(),
            acct: acct.iter().copied().chain(grouped_acct).collect(),
        }
    }
}

/// What the own node says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalNode {
    /// Origin-Host.
    pub origin_host: DiameterIdentity,
    /// Origin-Realm.
    pub origin_realm: DiameterIdentity,
    /// Vendor-Id, 0 where the product has none.
    pub vendor_id: u32,
    /// Product-Name.
    pub product_name: Utf8String,
    /// Firmware-Revision.
    pub firmware_revision: Option<u32>,
    /// Origin-State-Id, which grows with every restart that loses state.
    pub origin_state_id: Option<u32>,
    /// Supported-Vendor-Id.
    pub supported_vendors: Vec<u32>,
    /// The applications served.
    pub applications: Applications,
}

/// What a peer said of itself in CER or CEA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteNode {
    /// Origin-Host.
    pub origin_host: DiameterIdentity,
    /// Origin-Realm.
    pub origin_realm: DiameterIdentity,
    /// Product-Name.
    pub product_name: Utf8String,
    /// Origin-State-Id.
    pub origin_state_id: Option<u32>,
    /// The applications it serves.
    pub applications: Applications,
}

impl LocalNode {
    /// The CER that opens a connection made from the addresses `from`.
    pub fn cer(&self, from: &[IpAddr]) -> CapabilitiesExchangeRequest {
        let mut cer = CapabilitiesExchangeRequest::new(CapabilitiesExchangeRequestRequired {
            origin_host: self.origin_host.clone(),
            origin_realm: self.origin_realm.clone(),
            host_ip_address: addresses(from),
            vendor_id: self.vendor_id,
            product_name: self.product_name.clone(),
        });
        cer.origin_state_id = self.origin_state_id;
        cer.firmware_revision = self.firmware_revision;
        cer.supported_vendor_id = self.supported_vendors.iter().copied().collect();
        cer.auth_application_id = self.applications.auth().collect();
        cer.acct_application_id = self.applications.acct().collect();
        cer
    }

    /// The CEA that answers `remote` on a connection that ends at the addresses `at`.
    pub fn cea(&self, result_code: ResultCode, at: &[IpAddr]) -> CapabilitiesExchangeAnswer {
        let mut cea = CapabilitiesExchangeAnswer::new(CapabilitiesExchangeAnswerRequired {
            result_code,
            origin_host: self.origin_host.clone(),
            origin_realm: self.origin_realm.clone(),
            host_ip_address: addresses(at),
            vendor_id: self.vendor_id,
            product_name: self.product_name.clone(),
        });
        cea.origin_state_id = self.origin_state_id;
        cea.firmware_revision = self.firmware_revision;
        cea.supported_vendor_id = self.supported_vendors.iter().copied().collect();
        cea.auth_application_id = self.applications.auth().collect();
        cea.acct_application_id = self.applications.acct().collect();
        cea
    }
}

fn addresses(addresses: &[IpAddr]) -> List<Address> {
    addresses.iter().copied().map(Address::from).collect()
}

impl From<&CapabilitiesExchangeRequest> for RemoteNode {
    fn from(cer: &CapabilitiesExchangeRequest) -> Self {
        Self {
            origin_host: cer.origin_host.clone(),
            origin_realm: cer.origin_realm.clone(),
            product_name: cer.product_name.clone(),
            origin_state_id: cer.origin_state_id,
            applications: Applications::advertised(
                &cer.auth_application_id,
                &cer.acct_application_id,
                &cer.vendor_specific_application_id,
            ),
        }
    }
}

impl From<&CapabilitiesExchangeAnswer> for RemoteNode {
    fn from(cea: &CapabilitiesExchangeAnswer) -> Self {
        Self {
            origin_host: cea.origin_host.clone(),
            origin_realm: cea.origin_realm.clone(),
            product_name: cea.product_name.clone(),
            origin_state_id: cea.origin_state_id,
            applications: Applications::advertised(
                &cea.auth_application_id,
                &cea.acct_application_id,
                &cea.vendor_specific_application_id,
            ),
        }
    }
}
