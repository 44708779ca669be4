//! Types: which words name them, what a path leads to, and which value fits where.

use std::collections::BTreeMap;

use journey_spec::codes::{self, Code};
use journey_spec::program::Field;
use journey_spec::types::DEFAULT_TEXT_MAX;
use journey_spec::value::{Value, fields_from_json};
use journey_spec::{Sensitive, Type, time};

use crate::ast::{Expr, ExprKind, Path};
use crate::diagnostics::Finding;
use crate::resolve::{FieldInfo, Names, Out, unknown};
use crate::source::Span;

/// Types that the language has by itself.
pub(crate) const BUILTIN: [&str; 12] =
    ["text", "number", "bool", "instant", "date", "duration", "phone", "email", "money", "zone", "locale", "channel"];

/// The type that this word names.
pub(crate) fn builtin(name: &str) -> Option<Type> {
    Some(match name {
        "text" => Type::Text { max: DEFAULT_TEXT_MAX },
        "number" => Type::Number,
        "bool" => Type::Bool,
        "instant" => Type::Instant,
        "date" => Type::Date,
        "duration" => Type::Duration,
        "phone" => Type::Phone,
        "email" => Type::Email,
        "money" => Type::Money,
        "zone" => Type::Zone,
        "channel" => Type::Channel,
        "locale" => Type::Locale,
        _ => return None,
    })
}

/// The language's word for a type that other languages call otherwise.
pub(crate) fn other_name(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().as_str() {
        "string" | "str" | "varchar" | "char" => "text",
        "int" | "integer" | "float" | "double" | "decimal" => "number",
        "boolean" => "bool",
        "datetime" | "timestamp" | "time" => "instant",
        "tel" | "telephone" => "phone",
        "mail" => "email",
        "timezone" => "zone",
        "language" | "lang" => "locale",
        "currency" | "amount" => "money",
        _ => return None,
    })
}

/// A type with its article: `an instant`, `a text`, `a Booking`.
pub(crate) fn noun(ty: &Type) -> String {
    match ty {
        Type::OneOf(_) => ty.spelled(),
        Type::Instant | Type::Email => format!("an {}", ty.spelled()),
        Type::Record(name) => format!("a `{name}`"),
        Type::Optional(inner) => format!("{} that may be missing", noun(inner)),
        _ => format!("a {}", ty.spelled()),
    }
}

/// Whether every value of type `from` is one of type `to`.
pub(crate) fn fits(from: &Type, to: &Type) -> bool {
    match (from, to) {
        (Type::Optional(from), Type::Optional(to)) => fits(from, to),
        (from, Type::Optional(to)) => fits(from, to),
        (Type::Text { max: from }, Type::Text { max: to }) => from <= to,
        // Whatever is kept as text can be read as one.
        (Type::Phone | Type::Email | Type::Zone, Type::Text { max }) => *max >= 254,
        (Type::Channel, Type::Text { max }) => *max >= 8,
        (Type::Locale, Type::Text { max }) => *max >= 35,
        (Type::OneOf(from), Type::OneOf(to)) => from.iter().all(|name| to.contains(name)),
        (Type::OneOf(from), Type::Text { max }) => from.iter().all(|name| name.len() <= *max as usize),
        (from, to) => from == to,
    }
}

/// What a path can begin with.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'s> {
    /// Data, or an event's fields.
    pub(crate) fields: &'s [FieldInfo],
    /// Whose they are: ``the journey `appointment` ``.
    pub(crate) owner: &'s str,
    /// Whether `customer.…` is meant too.
    pub(crate) customer: bool,
    /// The finding for a path that leads nowhere.
    pub(crate) code: &'static Code,
}

/// Where a path leads.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// The type there; none where it is not known and that has been said.
    pub(crate) ty: Option<Type>,
    /// The part of the path whose value may be missing: `booking.engineer`.
    pub(crate) missing: Option<String>,
    /// All such parts of the path, the shortest first.
    pub(crate) optional: Vec<String>,
    /// Why the value is not for every eye, and where it is declared so.
    pub(crate) sensitive: Option<(Sensitive, Span)>,
}

/// Follows a path; none, and a finding, where it leads nowhere.
pub(crate) fn walk(names: &Names<'_>, scope: Scope<'_>, path: &Path, out: &mut Out) -> Option<Found> {
    let mut parts = path.parts.iter();
    let first = parts.next()?;
    let mut so_far = first.text.clone();
    let mut fields: Option<&[FieldInfo]> = None;
    let mut found = Found { ty: None, missing: None, optional: Vec::new(), sensitive: None };
    if scope.customer && first.text == "customer" {
        let Some(customer) = &names.customer else {
            out.poisoned = true;
            if names.gaps.none() {
                out.say(
                    Finding::new(
                        scope.code,
                        path.span,
                        "nothing is known of the customer: there is no `customer` block",
                    )
                    .help("declare it: `customer { first_name: text  phone: phone? for sms  zone: zone }`"),
                );
            }
            return None;
        };
        fields = Some(&customer.fields);
    } else {
        let Some(field) = scope.fields.iter().find(|f| f.name == first.text) else {
            out.poisoned = true;
            if !names.gaps.may_declare("data", &first.text) && !names.gaps.may_declare("", &first.text) {
                let known = scope.fields.iter().map(|f| f.name.as_str()).chain(scope.customer.then_some("customer"));
                out.say(unknown(
                    scope.code,
                    first.span,
                    format!("{} has no `{}`", scope.owner, first.text),
                    &first.text,
                    known,
                    "",
                ));
            }
            return None;
        };
        found.ty.clone_from(&field.ty);
        found.sensitive = field.sensitive.map(|s| (s, field.span));
        if field.ty.is_none() {
            out.poisoned = true;
            return Some(found);
        }
        if field.ty.as_ref().is_some_and(Type::is_optional) {
            found.missing = Some(so_far.clone());
            found.optional.push(so_far.clone());
        }
    }
    for part in parts {
        let inside = match (&fields, found.ty.as_ref().map(Type::required)) {
            (Some(customer), _) => Some(*customer),
            (None, Some(Type::Record(name))) => names.record(name),
            _ => None,
        };
        let Some(field) = inside.and_then(|f| f.iter().find(|f| f.name == part.text)) else {
            out.poisoned = true;
            if names.gaps.may_declare("", &part.text) {
                return None;
            }
            let message = match found.ty.as_ref().map(Type::required) {
                Some(ty) if !matches!(ty, Type::Record(_)) => {
                    format!("`{so_far}` is {} and has no `{}` in it", noun(ty), part.text)
                }
                Some(ty) => format!("`{so_far}` is {} and has no field `{}`", noun(ty), part.text),
                None => format!("`{so_far}` has no field `{}`", part.text),
            };
            let known = inside.unwrap_or_default().iter().map(|f| f.name.as_str());
            out.say(unknown(scope.code, part.span, message, &part.text, known, ""));
            return None;
        };
        fields = None;
        so_far = format!("{so_far}.{}", part.text);
        found.ty.clone_from(&field.ty);
        found.sensitive = found.sensitive.or(field.sensitive.map(|s| (s, field.span)));
        if field.ty.is_none() {
            out.poisoned = true;
            return Some(found);
        }
        if field.ty.as_ref().is_some_and(Type::is_optional) {
            found.missing.get_or_insert_with(|| so_far.clone());
            found.optional.push(so_far.clone());
        }
    }
    if fields.is_some() {
        // `customer` alone: the whole record.
        found.ty = Some(Type::Record("customer".into()));
    }
    Some(found)
}

/// Records that would have to hold themselves without end.
pub(crate) fn records_can_exist(names: &Names<'_>, out: &mut Out) {
    // A record can exist once all records that it must hold can; what is left over after no more can be added cannot.
    let mut can: BTreeMap<&str, bool> = names.records.iter().map(|r| (r.decl.name.text.as_str(), false)).collect();
    loop {
        let ready: Vec<&str> = names
            .records
            .iter()
            .filter(|r| can.get(r.decl.name.text.as_str()) == Some(&false))
            .filter(|r| {
                r.fields.iter().all(|f| match &f.ty {
                    Some(Type::Record(name)) => can.get(name.as_str()).copied().unwrap_or(true),
                    _ => true,
                })
            })
            .map(|r| r.decl.name.text.as_str())
            .collect();
        if ready.is_empty() {
            break;
        }
        can.extend(ready.into_iter().map(|name| (name, true)));
    }
    for record in &names.records {
        let name = &record.decl.name;
        let holds_itself = can.get(name.text.as_str()) == Some(&false)
            && record.fields.iter().any(|f| match &f.ty {
                Some(Type::Record(inner)) => can.get(inner.as_str()) == Some(&false),
                _ => false,
            });
        if holds_itself {
            out.say(
                Finding::new(
                    &codes::J0111,
                    name.span,
                    format!("no `{}` can ever arrive: it always holds another one", name.text),
                )
                .help("put a `?` after the inner one, so that it may be missing"),
            );
        }
    }
}

/// The value that is written there, as one of type `ty`.
///
/// # Errors
/// What it should be, in words.
pub(crate) fn literal(expr: &Expr, ty: &Type) -> Result<Value, String> {
    let wanted = ty.required();
    let wrong = || format!("should be {}", noun(wanted));
    match (&expr.kind, wanted) {
        (ExprKind::Text(_), Type::Number | Type::Bool | Type::Record(_)) => Err(wrong()),
        (ExprKind::Text(text), _) => from_json(serde_json::json!(text), wanted),
        (ExprKind::Texts(texts), Type::Zone) => {
            from_json(texts.iter().map(|t| serde_json::json!(t.text)).collect(), wanted)
        }
        (ExprKind::Number(text), Type::Number) => {
            text.parse::<f64>().ok().filter(|n| n.is_finite()).map(Value::Number).ok_or_else(wrong)
        }
        (ExprKind::Bool(b), Type::Bool) => Ok(Value::Bool(*b)),
        (ExprKind::Duration(ms), Type::Duration) => Ok(Value::Duration(*ms)),
        (ExprKind::Date(text), Type::Date) => {
            time::parse_date(text).map(Value::Date).ok_or_else(|| "is no date of the calendar".into())
        }
        _ => Err(wrong()),
    }
}

/// The value that a feed would write so.
fn from_json(value: serde_json::Value, ty: &Type) -> Result<Value, String> {
    let field = Field::new("x", ty.clone());
    let json = serde_json::json!({ "x": value });
    let mut data = fields_from_json(&json, std::slice::from_ref(&field), &BTreeMap::new()).map_err(|m| m.problem)?;
    data.remove("x").ok_or_else(|| format!("should be {}", noun(ty)))
}

/// A value of the wrong type.
pub(crate) fn mismatch(span: Span, message: impl Into<String>) -> Finding {
    Finding::new(&codes::J0111, span, message)
}

/// `text`, without a maximum of its own.
pub(crate) fn plain_text() -> Type {
    Type::Text { max: DEFAULT_TEXT_MAX }
}
