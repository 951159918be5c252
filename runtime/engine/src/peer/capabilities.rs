//! What nodes tell each other when they meet: CER and CEA (RFC 6733 §5.3).

use diametric_protocol::base::{
    CapabilitiesExchangeAnswer, CapabilitiesExchangeAnswerRequired, CapabilitiesExchangeRequest,
    CapabilitiesExchangeRequestRequired, ResultCode, VendorSpecificApplicationId, VendorSpecificApplicationIdRequired,
};
use diametric_protocol::value::{Address, DiameterIdentity, List, Utf8String};
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// The Application-Id with which a relay stands for every application.
pub const RELAY: u32 = 0xffff_ffff;

/// The applications that a node serves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applications {
    auth: BTreeSet<u32>,
    acct: BTreeSet<u32>,
    vendor_auth: BTreeSet<(u32, u32)>,
    vendor_acct: BTreeSet<(u32, u32)>,
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

    /// These, and one that authorizes and is advertised with its vendor, in Vendor-Specific-Application-Id.
    ///
    /// An application of a vendor is advertised so (RFC 6733 §6.11). One of the IETF, such as credit control, is not; but
    /// peers exist that look for `(10415, 4)` there. With [`with_auth`](Self::with_auth) besides, it is advertised both
    /// ways.
    #[must_use]
    pub fn with_vendor_auth(mut self, vendor: u32, id: u32) -> Self {
        self.vendor_auth.insert((vendor, id));
        self
    }

    /// These, and one that accounts and is advertised with its vendor, as [`with_vendor_auth`](Self::with_vendor_auth).
    #[must_use]
    pub fn with_vendor_acct(mut self, vendor: u32, id: u32) -> Self {
        self.vendor_acct.insert((vendor, id));
        self
    }

    /// Ids of the applications that authorize, without those that are advertised with their vendor only.
    pub fn auth(&self) -> impl Iterator<Item = u32> {
        self.auth.iter().copied()
    }

    /// Ids of the applications that account, without those that are advertised with their vendor only.
    pub fn acct(&self) -> impl Iterator<Item = u32> {
        self.acct.iter().copied()
    }

    /// The ids of all applications, each once, in order.
    pub fn ids(&self) -> BTreeSet<u32> {
        let with_vendor = self.vendor_auth.iter().chain(&self.vendor_acct).map(|(_, id)| *id);
        self.auth().chain(self.acct()).chain(with_vendor).collect()
    }

    /// Whether the node relays every application.
    pub fn is_relay(&self) -> bool {
        self.has(RELAY)
    }

    /// Whether messages of this application can go to the node.
    pub fn serves(&self, id: u32) -> bool {
        self.has(id) || self.is_relay()
    }

    /// Whether there is anything to talk about with `other`: an application of the same id, or a relay on either side.
    ///
    /// Whether it is advertised as one that authorizes or one that accounts, and with what vendor, plays no part
    /// (RFC 6733 §5.3): peers differ there.
    pub fn has_common(&self, other: &Self) -> bool {
        self.is_relay() || other.is_relay() || !self.ids().is_disjoint(&other.ids())
    }

    fn has(&self, id: u32) -> bool {
        let with_vendor = |set: &BTreeSet<(u32, u32)>| set.iter().any(|(_, other)| *other == id);
        self.auth.contains(&id)
            || self.acct.contains(&id)
            || with_vendor(&self.vendor_auth)
            || with_vendor(&self.vendor_acct)
    }

    fn groups(&self) -> List<VendorSpecificApplicationId> {
        let group = |vendor_id| VendorSpecificApplicationId::new(VendorSpecificApplicationIdRequired { vendor_id });
        let auth = self.vendor_auth.iter().map(|&(vendor, id)| {
            let mut group = group(vendor);
            group.auth_application_id = Some(id);
            group
        });
        let acct = self.vendor_acct.iter().map(|&(vendor, id)| {
            let mut group = group(vendor);
            group.acct_application_id = Some(id);
            group
        });
        auth.chain(acct).collect()
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

/// How an election ends for this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Election {
    /// This node keeps the connection that the peer opened, and closes its own.
    Won,
    /// This node keeps the connection that it opened itself.
    Lost,
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
    /// What becomes of two connections that this node and the node `remote` opened to each other at the same time
    /// (RFC 6733 §5.6.4): the node whose Origin-Host is greater, as octets without regard to case, keeps the one that the
    /// other opened.
    ///
    /// `None` if both have one name, so that there is nothing to decide.
    pub fn elect(&self, remote: &DiameterIdentity) -> Option<Election> {
        match self.origin_host.cmp(remote) {
            Ordering::Greater => Some(Election::Won),
            Ordering::Less => Some(Election::Lost),
            Ordering::Equal => None,
        }
    }

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
        cer.vendor_specific_application_id = self.applications.groups();
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
        cea.vendor_specific_application_id = self.applications.groups();
        cea
    }
}

fn addresses(addresses: &[IpAddr]) -> List<Address> {
    addresses.iter().copied().map(Address::from).collect()
}
