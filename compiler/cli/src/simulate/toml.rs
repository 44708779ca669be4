//! Tables of a profile, with the place of whatever is wrong in them.

use std::ops::Range;

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};
use journey_compiler::diagnostics::did_you_mean;
use journey_runtime::simulate::{Delay, Hours, Share};
use serde_json::Value as Json;

use crate::failure::Failure;
use crate::manifest::place;

/// A value of the file, where it stands.
pub(super) type Node<'t> = &'t Spanned<DeValue<'t>>;

/// The file that is read.
pub(super) struct File<'t> {
    pub(super) name: String,
    pub(super) text: &'t str,
}

impl File<'_> {
    /// What is wrong at a place, and what to do.
    pub(super) fn wrong(&self, at: &Range<usize>, what: impl std::fmt::Display, help: impl Into<String>) -> Failure {
        Failure::new(format!("`{}`{}: {what}", self.name, place(self.text, at.start))).help(help)
    }
}

/// A table that may hold some keys and no others.
pub(super) struct Table<'t> {
    pub(super) file: &'t File<'t>,
    table: &'t DeTable<'t>,
    /// Where it stands.
    pub(super) at: Range<usize>,
}

impl<'t> Table<'t> {
    /// The whole file.
    pub(super) fn whole(file: &'t File<'t>, table: &'t Spanned<DeTable<'t>>) -> Table<'t> {
        Table { file, table: table.get_ref(), at: table.span() }
    }

    /// A value as a table; `what` says what it should hold.
    pub(super) fn of(file: &'t File<'t>, node: Node<'t>, what: &str) -> Result<Table<'t>, Failure> {
        match node.get_ref() {
            DeValue::Table(table) => Ok(Table { file, table, at: node.span() }),
            other => Err(file.wrong(
                &node.span(),
                format!("this is {}, and should be a table", kind(other)),
                format!("write {what}"),
            )),
        }
    }

    /// All entries, in the order of their names.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'t str, Range<usize>, Node<'t>)> + use<'t> {
        self.table.iter().map(|(key, value)| (key.get_ref().as_ref(), key.span(), value))
    }

    /// Refuses what is none of these keys.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Failure> {
        match self.entries().find(|(key, ..)| !known.contains(key)) {
            None => Ok(()),
            Some((key, at, _)) => Err(self.unknown("key", key, &at, known.iter().copied())),
        }
    }

    /// A name that is none of those that may stand here.
    pub(super) fn unknown<'k>(
        &self,
        what: &str,
        name: &str,
        at: &Range<usize>,
        known: impl IntoIterator<Item = &'k str>,
    ) -> Failure {
        let known: Vec<&str> = known.into_iter().collect();
        let all = || match known.as_slice() {
            [] => format!("there is no {what} here; remove it"),
            known => format!("it may be {}", known.join(", ")),
        };
        let help = did_you_mean(name, known.iter().copied()).unwrap_or_else(all);
        self.file.wrong(at, format!("there is no {what} `{}` here", name.escape_debug()), help)
    }

    pub(super) fn node(&self, key: &str) -> Option<Node<'t>> {
        self.entries().find(|(name, ..)| *name == key).map(|(.., node)| node)
    }

    /// A table in this one; nothing where it is not there.
    pub(super) fn table(&self, key: &str, what: &str) -> Result<Option<Table<'t>>, Failure> {
        self.node(key).map(|node| Table::of(self.file, node, what)).transpose()
    }

    /// A text that means something.
    pub(super) fn read<T>(&self, key: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, Failure> {
        let Some(node) = self.node(key) else { return Ok(None) };
        let text = text(self.file, node)?;
        let said = read(text).map_err(|why| match why.split_once("; ") {
            Some((what, help)) => self.file.wrong(&node.span(), what, help),
            None => self.file.wrong(&node.span(), why, "mend that"),
        })?;
        Ok(Some(said))
    }

    pub(super) fn share(&self, key: &str, into: &mut Share) -> Result<(), Failure> {
        self.read(key, Share::parse)?.into_iter().for_each(|said| *into = said);
        Ok(())
    }

    pub(super) fn delay(&self, key: &str, into: &mut Delay) -> Result<(), Failure> {
        self.read(key, Delay::parse)?.into_iter().for_each(|said| *into = said);
        Ok(())
    }

    pub(super) fn hours(&self, into: &mut Option<Hours>) -> Result<(), Failure> {
        if let Some(said) = self.read("hours", Hours::parse)? {
            *into = Some(said);
        }
        Ok(())
    }

    /// A whole number in a range.
    pub(super) fn number(&self, key: &str, from: u32, to: u32) -> Result<Option<u32>, Failure> {
        let Some(node) = self.node(key) else { return Ok(None) };
        let number = json(node).and_then(|n| n.as_u64()).and_then(|n| u32::try_from(n).ok());
        match number.filter(|n| (from..=to).contains(n)) {
            Some(number) => Ok(Some(number)),
            None => Err(self.file.wrong(
                &node.span(),
                format!("`{key}` should be a whole number from {from} to {to}"),
                "write such a number",
            )),
        }
    }

    pub(super) fn truth(&self, key: &str) -> Result<Option<bool>, Failure> {
        match self.node(key) {
            None => Ok(None),
            Some(node) => match node.get_ref() {
                DeValue::Boolean(truth) => Ok(Some(*truth)),
                other => Err(self.file.wrong(
                    &node.span(),
                    format!("this is {}, and should be true or false", kind(other)),
                    "write true or false",
                )),
            },
        }
    }

    /// `[0, 1]`: two numbers, the smaller first.
    pub(super) fn range(&self, key: &str) -> Result<Option<(f64, f64)>, Failure> {
        let Some(node) = self.node(key) else { return Ok(None) };
        let ends = match node.get_ref() {
            DeValue::Array(list) => {
                let numbers: Option<Vec<f64>> = list.iter().map(|n| json(n)?.as_f64()).collect();
                numbers.and_then(|n| match n.as_slice() {
                    [from, to] if from <= to => Some((*from, *to)),
                    _ => None,
                })
            }
            _ => None,
        };
        match ends {
            Some(ends) => Ok(Some(ends)),
            None => Err(self.file.wrong(
                &node.span(),
                format!("`{key}` should be two numbers, the smaller first"),
                "write for example [1, 10]",
            )),
        }
    }

    /// `{ done = 9, refused = 1 }`: names with their weights, of those that there are.
    pub(super) fn weights(
        &self,
        key: &str,
        what: &str,
        known: &[String],
    ) -> Result<Option<Vec<(String, u32)>>, Failure> {
        let Some(table) = self.table(key, "{ one = 9, other = 1 }")? else { return Ok(None) };
        let mut all = Vec::new();
        for (name, at, node) in table.entries() {
            if !known.iter().any(|k| k == name) {
                return Err(table.unknown(what, name, &at, known.iter().map(String::as_str)));
            }
            all.push((name.to_owned(), weight(self.file, node)?));
        }
        // The order of the program, so that a profile written in another order is the same world.
        all.sort_by_key(|(name, _)| known.iter().position(|k| k == name));
        if all.iter().all(|(_, weight)| *weight == 0) {
            return Err(self.file.wrong(&table.at, "nothing here has any weight", "give one of them a number above 0"));
        }
        Ok(Some(all))
    }
}

/// A weight.
pub(super) fn weight(file: &File<'_>, node: Node<'_>) -> Result<u32, Failure> {
    let number = json(node).and_then(|n| n.as_u64()).and_then(|n| u32::try_from(n).ok()).filter(|n| *n <= 1_000_000);
    number.ok_or_else(|| {
        file.wrong(&node.span(), "a weight should be a whole number from 0 to 1,000,000", "write for example 3")
    })
}

/// A value as a text.
pub(super) fn text<'t>(file: &File<'_>, node: Node<'t>) -> Result<&'t str, Failure> {
    match node.get_ref() {
        DeValue::String(text) => Ok(text),
        other => Err(file.wrong(
            &node.span(),
            format!("this is {}, and should be a text", kind(other)),
            "put it in quotes: \"…\"",
        )),
    }
}

/// A plain value as a feed would bring it; nothing for lists and tables.
pub(super) fn json(node: Node<'_>) -> Option<Json> {
    match node.get_ref() {
        DeValue::String(text) => Some(Json::String(text.to_string())),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok().map(Json::from),
        DeValue::Float(number) => number.as_str().parse::<f64>().ok().map(Json::from),
        DeValue::Boolean(truth) => Some(Json::Bool(*truth)),
        DeValue::Datetime(at) => Some(Json::String(at.to_string())),
        DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

/// What a value is, in words.
pub(super) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
