//! One spelling for each address, so that a number that said STOP is known however the next feed writes it.

use std::collections::BTreeMap;
use std::sync::Arc;

use journey_spec::program::{Channel, Field, Program};
use journey_spec::types::Type;
use journey_spec::value::{Data, Value};
use phonenumber::Mode;

/// A telephone number in E.164 form.
///
/// No region is assumed, so the number has to begin with `+` and its country's code. Whether it exists is not asked:
/// numbering plans change faster than programs do, and a number that nobody has harms nobody.
pub(super) fn phone(text: &str) -> Option<String> {
    let text = text.trim();
    let is_noise = |c: char| matches!(c, ' ' | '\u{a0}' | '-' | '.' | '(' | ')' | '/');
    let rest = text.strip_prefix('+')?;
    if text.len() > 40 || !rest.chars().all(|c| c.is_ascii_digit() || is_noise(c)) {
        return None;
    }
    // "(0)" is written for what is only dialled inside the country: +44 (0)7700 900123.
    let digits: String = rest.replace("(0)", "").chars().filter(char::is_ascii_digit).collect();
    if !(8..=15).contains(&digits.len()) || digits.starts_with('0') {
        return None;
    }
    // The library knows the countries where such a zero may be left out even without brackets, and where not.
    let plain = format!("+{digits}");
    let known = phonenumber::parse(None, &plain).ok().map(|n| n.format().mode(Mode::E164).to_string());
    let is_plausible = |n: &String| n.len() >= 9 && n.len() <= 16 && n.starts_with('+');
    Some(known.filter(is_plausible).unwrap_or(plain))
}

/// An e-mail address with its domain in lower case; what stands before the `@` is the receiver's business.
pub(super) fn email(text: &str) -> Option<String> {
    let (user, domain) = text.trim().rsplit_once('@')?;
    let fits = !user.is_empty() && domain.contains('.') && !text.trim().contains(char::is_whitespace);
    fits.then(|| format!("{user}@{}", domain.to_lowercase()))
}

/// A telephone number or an e-mail address.
pub(super) fn of_any_kind(text: &str) -> Option<String> {
    email(text).or_else(|| phone(text))
}

const NOT_A_PHONE: &str = "should be a phone number with its country's code, such as \"+44 7700 900123\"";
const NOT_AN_EMAIL: &str = "should be an e-mail address, such as \"victoria@example.com\"";

fn one(ty: &Type, text: &str) -> Result<String, &'static str> {
    match ty.required() {
        Type::Phone => phone(text).ok_or(NOT_A_PHONE),
        Type::Email => email(text).ok_or(NOT_AN_EMAIL),
        _ => Ok(text.trim().into()),
    }
}

/// An address on a channel, of the type that the customer's field for it has.
pub(super) fn for_channel(program: &Program, channel: Channel, text: &str) -> Result<String, &'static str> {
    let field = program.customer.addresses.get(&channel);
    let declared = field.and_then(|name| program.customer.fields.iter().find(|f| f.name == *name));
    match declared {
        Some(field) => one(&field.ty, text),
        None => Ok(of_any_kind(text).unwrap_or_else(|| text.trim().into())),
    }
}

/// Writes all phone numbers and e-mail addresses in named values in their one spelling.
///
/// # Errors
/// The path of the first that is none, and what is wrong.
pub(super) fn normalise_fields(
    data: &mut Data,
    fields: &[Field],
    records: &BTreeMap<String, Vec<Field>>,
    path: &str,
) -> Result<(), (String, &'static str)> {
    for field in fields {
        let path = format!("{path}.{}", field.name);
        match (field.ty.required(), data.get_mut(&field.name)) {
            (ty @ (Type::Phone | Type::Email), Some(Value::Text(text))) => {
                *text = one(ty, text).map_err(|problem| (path, problem))?;
            }
            (Type::Record(name), Some(Value::Record(inner))) => {
                let fields = records.get(name).map(Vec::as_slice).unwrap_or_default();
                normalise_fields(Arc::make_mut(inner), fields, records, &path)?;
            }
            _ => {}
        }
    }
    Ok(())
}
