//! Consent: who agreed to which purpose, on which channel, at which address.
//!
//! A consent belongs to the address that the channel had when it was given, that is in the update of the directory that
//! turned the field to `true`. An address that comes later is not covered, however long the field stays `true`: the
//! directory says so anew by turning it off and on. Where no address was known, the first one that comes is meant.

use journey_spec::program::{Channel, Program, Purpose};
use journey_spec::value::{Data, Value};

use crate::customer::{Agreed, Known, fold_address};

/// Whether a message of this purpose may go to the customer's address on this channel.
///
/// # Errors
/// What is missing, in words.
pub(crate) fn consent(program: &Program, customer: &Known, purpose: Purpose, channel: Channel) -> Result<(), String> {
    let Some(field) = program.customer.consent(purpose, channel) else {
        return match purpose {
            Purpose::Marketing => Err(format!("no consent to {} by {}", purpose.name(), channel.name())),
            _ => Ok(()),
        };
    };
    if !says_yes(&customer.profile, field) {
        return Err(format!("no consent to {} by {}: `{field}` is not true", purpose.name(), channel.name()));
    }
    let address = customer.address(program, channel).map(fold_address);
    let holds = |a: &Agreed| a.field == field && a.channel == channel && a.address == address;
    if customer.agreed.iter().any(holds) {
        return Ok(());
    }
    let which = "was given for another address";
    Err(format!("no consent to {} by {}: `{field}` {which}", purpose.name(), channel.name()))
}

/// The directory's news: what is given, kept and taken back. To be called when the profile has been replaced.
pub(crate) fn remember(program: &Program, customer: &mut Known, before: &Data) {
    let declared = program.customer.consents.values().flatten();
    let concerns = |field: &str| says_yes(before, field) || says_yes(&customer.profile, field);
    if customer.agreed.is_empty() && !declared.clone().any(|(_, field)| concerns(field)) {
        return;
    }
    let mut declared: Vec<(&str, Channel)> = declared.map(|(channel, field)| (field.as_str(), *channel)).collect();
    declared.sort_unstable();
    declared.dedup();
    for (field, channel) in declared {
        let address = |customer: &Known| customer.address(program, channel).map(fold_address);
        let is_it = |a: &Agreed| a.field == field && a.channel == channel;
        match (says_yes(before, field), says_yes(&customer.profile, field)) {
            (true, true) => {
                let address = address(customer);
                if let Some(open) = customer.agreed.iter_mut().find(|a| is_it(a) && a.address.is_none()) {
                    open.address = address;
                }
            }
            (false, true) => {
                let address = address(customer);
                customer.agreed.retain(|a| !is_it(a));
                customer.agreed.push(Agreed { field: field.into(), channel, address });
            }
            (_, false) => customer.agreed.retain(|a| !is_it(a)),
        }
    }
}

fn says_yes(profile: &Data, field: &str) -> bool {
    matches!(profile.get(field), Some(Value::Bool(true)))
}
