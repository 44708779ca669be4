//! The lines of a profile that say how fields are made.

use ::toml::de::DeValue;
use journey_runtime::simulate::profile::{Made, Make, Moment};
use journey_runtime::simulate::{Delay, Hours, Share, span};
use journey_spec::Value;
use journey_spec::program::{Field, Program};
use journey_spec::time::parse_duration;
use journey_spec::types::Type;
use journey_spec::value::fields_from_json;
use serde_json::{Value as Json, json as object};

use super::toml::{Node, Table, json, text, weight};
use crate::failure::Failure;

/// Reads a line for each of some fields.
pub(super) fn rules(program: &Program, table: &Table<'_>, fields: &[Field], made: &mut [Made]) -> Result<(), Failure> {
    for (name, at, node) in table.entries() {
        let found = fields.iter().zip(made.iter_mut()).find(|(field, _)| field.name == name);
        let Some((field, made)) = found else {
            return Err(table.unknown("field", name, &at, fields.iter().map(|f| f.name.as_str())));
        };
        rule(program, table, field, made, node)?;
    }
    Ok(())
}

/// How one field is made.
fn rule(program: &Program, within: &Table<'_>, field: &Field, made: &mut Made, node: Node<'_>) -> Result<(), Failure> {
    let file = within.file;
    if let (Type::Record(record), Make::Record(parts), DeValue::Table(_)) =
        (field.ty.required(), &mut made.how, node.get_ref())
    {
        let inner = program.records.get(record).map(Vec::as_slice).unwrap_or_default();
        return rules(program, &Table::of(file, node, "a line for each field")?, inner, parts);
    }
    if !matches!(node.get_ref(), DeValue::Table(_)) {
        made.how = Make::OneOf(choices(program, within, field, node, None)?);
        made.missing = Share::NONE;
        return Ok(());
    }
    let table = Table::of(file, node, "a rule")?;
    let own: &[&str] = match field.ty.required() {
        Type::Instant | Type::Date => &["ahead", "shift", "moved", "hours", "round"],
        Type::Number => &["range"],
        Type::Bool => &["true"],
        Type::Duration => &["lasts"],
        Type::Money => &["range", "currency"],
        Type::Text { .. } => &["prefix"],
        _ => &[],
    };
    table.only(&[own, &["missing", "one_of", "weights"]].concat())?;
    if let Some(one_of) = table.node("one_of") {
        made.how = Make::OneOf(choices(program, within, field, one_of, table.node("weights"))?);
        made.missing = Share::NONE;
    } else if let Some(weights) = table.node("weights") {
        return Err(file.wrong(&weights.span(), "weights of nothing", "add one_of = […]"));
    }
    table.share("missing", &mut made.missing)?;
    if let Some(missing) = table.node("missing")
        && made.missing > Share::NONE
        && !field.ty.is_optional()
    {
        let what = format!("`{}` is never missing: it is `{}`, without `?`", field.name, field.ty.spelled());
        return Err(file.wrong(&missing.span(), what, "remove `missing`"));
    }
    match field.ty.required() {
        Type::Instant | Type::Date => moment(&table, made)?,
        Type::Number => {
            if let Some((from, to)) = table.range("range")? {
                made.how = Make::Range(from, to);
            }
        }
        Type::Bool => {
            if let Some(share) = table.read("true", Share::parse)? {
                made.how = Make::Chance(share);
            }
        }
        Type::Duration => {
            if let Some(delay) = table.read("lasts", Delay::parse)? {
                made.how = Make::Duration(delay);
            }
        }
        Type::Money => money(&table, made)?,
        Type::Text { max } => {
            let short = |text: &str| match text.chars().count() {
                n if n + 8 <= *max as usize => Ok(text.to_owned()),
                _ => Err(format!("`{text}` leaves no room for a number; write a shorter one")),
            };
            if let Some(prefix) = table.read("prefix", short)? {
                made.how = Make::Sequence(prefix);
            }
        }
        _ => {}
    }
    Ok(())
}

/// One value or a list of them, each as a feed would bring it, with weights.
fn choices(
    program: &Program,
    within: &Table<'_>,
    field: &Field,
    node: Node<'_>,
    weights: Option<Node<'_>>,
) -> Result<Vec<(Value, u32)>, Failure> {
    let file = within.file;
    let nodes: Vec<Node<'_>> = match node.get_ref() {
        DeValue::Array(list) => list.iter().collect(),
        _ => vec![node],
    };
    if nodes.is_empty() {
        return Err(file.wrong(&node.span(), "there is nothing to choose from", "write one value at least"));
    }
    let weights: Vec<u32> = match weights {
        None => vec![1; nodes.len()],
        Some(given) => {
            let DeValue::Array(list) = given.get_ref() else {
                return Err(file.wrong(
                    &given.span(),
                    "weights should be a list of numbers",
                    "write for example [4, 1]",
                ));
            };
            let all = list.iter().map(|n| weight(file, n)).collect::<Result<Vec<u32>, _>>()?;
            if all.len() != nodes.len() || all.iter().all(|w| *w == 0) {
                let what = format!("there are {} values and {} weights", nodes.len(), all.len());
                return Err(file.wrong(&given.span(), what, "give each value a number, one of them above 0"));
            }
            all
        }
    };
    let mut all = Vec::new();
    for (node, weight) in nodes.into_iter().zip(weights) {
        let one = Field { ty: field.ty.required().clone(), ..field.clone() };
        let Some(value) = plain(&one.ty, node) else {
            return Err(file.wrong(&node.span(), format!("`{}` should be a plain value", field.name), "write one"));
        };
        let read = fields_from_json(&object!({ &field.name: value }), std::slice::from_ref(&one), &program.records);
        let value = read.map_err(|misfit| file.wrong(&node.span(), misfit, "write one as a feed would bring it"))?;
        all.extend(value.into_iter().map(|(_, value)| (value, weight)));
    }
    Ok(all)
}

/// A value as a feed would bring it. Of all types only a zone may be a list: of several where somebody may be.
fn plain(ty: &Type, node: Node<'_>) -> Option<Json> {
    match (ty, node.get_ref()) {
        (Type::Zone, DeValue::Array(list)) => list.iter().map(json).collect::<Option<Vec<_>>>().map(Json::Array),
        _ => json(node),
    }
}

fn moment(table: &Table<'_>, made: &mut Made) -> Result<(), Failure> {
    let Make::Instant(moment) = &mut made.how else { return Ok(()) };
    let Moment { ahead, shift, moved, hours, round, .. } = moment;
    table.delay("ahead", ahead)?;
    if let Some(said) = table.read("shift", |text| span(text, true))? {
        *shift = said;
        // Whoever says by how much means that it moves.
        *moved = Share::ALL;
    }
    table.share("moved", moved)?;
    if let Some(said) = table.read("hours", Hours::parse)? {
        *hours = Some(said);
    }
    let whole = |text: &str| {
        let read = parse_duration(text).filter(|ms| *ms > 0);
        read.ok_or(format!("`{text}` is no time; write for example 15m"))
    };
    if let Some(said) = table.read("round", whole)? {
        *round = said;
    }
    Ok(())
}

fn money(table: &Table<'_>, made: &mut Made) -> Result<(), Failure> {
    let (range, currency) = (table.range("range")?, table.node("currency"));
    if let Make::Money(from, to, of) = &mut made.how {
        if let Some(range) = range {
            (*from, *to) = range;
        }
        if let Some(node) = currency {
            let code = text(table.file, node)?;
            if code.len() != 3 || !code.bytes().all(|b| b.is_ascii_uppercase()) {
                let what = format!("`{}` is no currency", code.escape_debug());
                return Err(table.file.wrong(&node.span(), what, "write its three letters, such as \"GBP\""));
            }
            code.clone_into(of);
        }
    }
    Ok(())
}
