//! Groups and messages of the standards: required members by `new`, others by field or `with_…`, lists by `push`.

use diametric::codec::Group;
use diametric::credit_control::{
    Ccr, MultipleServicesCreditControl, SubscriptionId, SubscriptionIdRequired, SubscriptionIdType, UserEquipmentInfo,
    UserEquipmentInfoRequired, UserEquipmentInfoType,
};
use diametric::ts32299::ServiceInformation;

pub fn fill(ccr: &mut Ccr) {
    ccr.user_name = Some("somebody".into());
    ccr.subscription_id.push(SubscriptionId::new(SubscriptionIdRequired {
        subscription_id_type: SubscriptionIdType::END_USER_IMSI,
        subscription_id_data: "001010123456789".into(),
    }));
    let service = MultipleServicesCreditControl::new().with_rating_group(7_u32).with_service_identifier(1_u32);
    ccr.multiple_services_credit_control.push(service);
    ccr.service_information = Some(Box::new(ServiceInformation::new()));
    ccr.user_equipment_info = Some(UserEquipmentInfo::new(UserEquipmentInfoRequired {
        user_equipment_info_type: UserEquipmentInfoType::IMEISV,
        user_equipment_info_value: [1, 2, 3].into(),
    }));
    assert_eq!(ccr.remove::<diametric_tests::acme::CustomMessage>(), 0);
}

fn main() {}
