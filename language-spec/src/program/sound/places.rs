//! Every index points at something, and every number is one that arithmetic can bear.
//!
//! The walk is a serde serialiser that writes nothing: it sees each field that the program's JSON has, also those that are
//! added after this was written. Indices are known by the names of their types.

use std::fmt::{self, Display};

use serde::ser::{self, Serialize, Serializer};

use super::Unsound;
use crate::program::Program;
use crate::time::RANGE;

/// Walks the program.
pub(super) fn check(program: &Program) -> Result<(), Unsound> {
    program.serialize(&mut Walk::new(Task::Check(program)))
}

/// Every index in a part of a program, with the way to it in that part's JSON and the name of its type.
///
/// # Errors
/// A number that no arithmetic can bear.
pub(in crate::program) fn indices(part: &impl Serialize) -> Result<Vec<Index>, Unsound> {
    let mut walk = Walk::new(Task::Collect(Vec::new()));
    part.serialize(&mut walk)?;
    match walk.task {
        Task::Collect(found) => Ok(found),
        Task::Check(_) => Ok(Vec::new()),
    }
}

/// A place in a part of a program that points at something by its number.
pub(in crate::program) struct Index {
    /// The way to it.
    pub(in crate::program) path: Vec<Part>,
    /// The type's name, such as `EventId`.
    pub(in crate::program) kind: &'static str,
    /// The number.
    pub(in crate::program) number: i64,
}

/// A step of the way into the program's JSON.
#[derive(Clone)]
pub(in crate::program) enum Part {
    /// Into a field, or a variant.
    Field(String),
    /// Into a list.
    Item(usize),
}

/// What a walk is for.
enum Task<'a> {
    /// To see that everything points at something.
    Check(&'a Program),
    /// To find what points.
    Collect(Vec<Index>),
}

/// A place in the program while it is walked through.
struct Walk<'a> {
    task: Task<'a>,
    path: Vec<Part>,
    /// The journey around the place.
    journey: Option<usize>,
    /// The type of the index whose number comes next.
    index: Option<&'static str>,
}

impl<'a> Walk<'a> {
    fn new(task: Task<'a>) -> Walk<'a> {
        Walk { task, path: Vec::new(), journey: None, index: None }
    }

    fn place(&self) -> String {
        let mut place = String::new();
        for part in &self.path {
            match part {
                Part::Field(name) if place.is_empty() => place.push_str(name),
                Part::Field(name) => place.push_str(&format!(".{name}")),
                Part::Item(number) => place.push_str(&format!("[{number}]")),
            }
        }
        place
    }

    fn wrong(&self, problem: impl Into<String>) -> Result<(), Unsound> {
        Err(Unsound { place: self.place(), problem: problem.into() })
    }

    fn inside(&mut self, part: Part, value: &(impl Serialize + ?Sized)) -> Result<(), Unsound> {
        let of_journeys = matches!(self.path.as_slice(), [Part::Field(name)] if name == "journeys");
        let around = self.journey;
        if let (true, Part::Item(number)) = (of_journeys, &part) {
            self.journey = Some(*number);
        }
        self.path.push(part);
        value.serialize(&mut *self)?;
        self.path.pop();
        self.journey = around;
        Ok(())
    }

    fn number(&mut self, number: i64) -> Result<(), Unsound> {
        match self.index.take() {
            Some(kind) => self.points(kind, number),
            // The widest instants that the language knows: sums of two numbers within them cannot overflow.
            None if number.unsigned_abs() <= RANGE.end().unsigned_abs() => Ok(()),
            None => self.wrong(format!("is {number}, which is out of the range of times")),
        }
    }

    fn points(&mut self, kind: &'static str, number: i64) -> Result<(), Unsound> {
        let program = match &mut self.task {
            Task::Check(program) => *program,
            Task::Collect(found) => {
                found.push(Index { path: self.path.clone(), kind, number });
                return Ok(());
            }
        };
        let (what, many) = match kind {
            "EventId" => ("event", program.events.len()),
            "MessageId" => ("message", program.messages.len()),
            "ServiceId" => ("service", program.services.len()),
            "HookId" => ("hook", program.hooks.len()),
            "JourneyId" => ("journey", program.journeys.len()),
            "StateId" => match self.journey.and_then(|j| program.journeys.get(j)) {
                Some(journey) => ("state", journey.states.len()),
                None => return self.wrong("names a state outside of any journey"),
            },
            other => return self.wrong(format!("is a `{other}`, and nobody knows what that points at")),
        };
        if usize::try_from(number).is_ok_and(|number| number < many) {
            return Ok(());
        }
        self.wrong(format!("points at {what} {number}, and the last one is {}", many as i64 - 1))
    }
}

impl ser::Error for Unsound {
    fn custom<T: Display>(problem: T) -> Unsound {
        Unsound { place: String::new(), problem: problem.to_string() }
    }
}

impl fmt::Debug for Walk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Walk at {}", self.place())
    }
}

/// A list, object or variant that is being walked through, with the number of its next item.
struct Inside<'w, 'a> {
    walk: &'w mut Walk<'a>,
    next: usize,
    key: String,
    /// Whether a variant's name has to be taken from the path at the end.
    variant: bool,
}

impl<'w, 'a> Inside<'w, 'a> {
    fn plain(walk: &'w mut Walk<'a>) -> Self {
        Inside { walk, next: 0, key: String::new(), variant: false }
    }

    fn variant(walk: &'w mut Walk<'a>, name: &str) -> Self {
        walk.path.push(Part::Field(name.into()));
        Inside { walk, next: 0, key: String::new(), variant: true }
    }

    fn item(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), Unsound> {
        let number = self.next;
        self.next += 1;
        self.walk.inside(Part::Item(number), value)
    }

    fn done(self) {
        if self.variant {
            self.walk.path.pop();
        }
    }
}

macro_rules! numbers {
    ($($name:ident $ty:ty),*) => {
        $(fn $name(self, v: $ty) -> Result<(), Unsound> {
            self.number(i64::from(v))
        })*
    };
}

impl<'w, 'a> Serializer for &'w mut Walk<'a> {
    type Ok = ();
    type Error = Unsound;
    type SerializeSeq = Inside<'w, 'a>;
    type SerializeTuple = Inside<'w, 'a>;
    type SerializeTupleStruct = Inside<'w, 'a>;
    type SerializeTupleVariant = Inside<'w, 'a>;
    type SerializeMap = Inside<'w, 'a>;
    type SerializeStruct = Inside<'w, 'a>;
    type SerializeStructVariant = Inside<'w, 'a>;

    numbers! { serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64, serialize_u8 u8, serialize_u16 u16, serialize_u32 u32 }

    fn serialize_u64(self, v: u64) -> Result<(), Unsound> {
        self.number(i64::try_from(v).unwrap_or(i64::MAX))
    }

    fn serialize_f32(self, v: f32) -> Result<(), Unsound> {
        self.serialize_f64(f64::from(v))
    }

    fn serialize_f64(self, v: f64) -> Result<(), Unsound> {
        if v.is_finite() { Ok(()) } else { self.wrong("is no finite number") }
    }

    fn serialize_bool(self, _: bool) -> Result<(), Unsound> {
        Ok(())
    }

    fn serialize_char(self, _: char) -> Result<(), Unsound> {
        Ok(())
    }

    fn serialize_str(self, _: &str) -> Result<(), Unsound> {
        Ok(())
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), Unsound> {
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Unsound> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unsound> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Unsound> {
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Unsound> {
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<(), Unsound> {
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<(), Unsound> {
        self.index = name.ends_with("Id").then_some(name);
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Unsound> {
        self.inside(Part::Field(variant.into()), value)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Inside<'w, 'a>, Unsound> {
        Ok(Inside::plain(self))
    }

    fn serialize_tuple(self, _: usize) -> Result<Inside<'w, 'a>, Unsound> {
        Ok(Inside::plain(self))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Inside<'w, 'a>, Unsound> {
        Ok(Inside::plain(self))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Inside<'w, 'a>, Unsound> {
        Ok(Inside::variant(self, variant))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Inside<'w, 'a>, Unsound> {
        Ok(Inside::plain(self))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Inside<'w, 'a>, Unsound> {
        Ok(Inside::plain(self))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Inside<'w, 'a>, Unsound> {
        Ok(Inside::variant(self, variant))
    }
}

macro_rules! items {
    ($($kind:ident $method:ident),*) => {
        $(impl ser::$kind for Inside<'_, '_> {
            type Ok = ();
            type Error = Unsound;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unsound> {
                self.item(value)
            }

            fn end(self) -> Result<(), Unsound> {
                self.done();
                Ok(())
            }
        })*
    };
}

items! { SerializeSeq serialize_element, SerializeTuple serialize_element, SerializeTupleStruct serialize_field, SerializeTupleVariant serialize_field }

macro_rules! named {
    ($($kind:ident),*) => {
        $(impl ser::$kind for Inside<'_, '_> {
            type Ok = ();
            type Error = Unsound;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Unsound> {
                self.walk.inside(Part::Field(key.into()), value)
            }

            fn end(self) -> Result<(), Unsound> {
                self.done();
                Ok(())
            }
        })*
    };
}

named! { SerializeStruct, SerializeStructVariant }

impl ser::SerializeMap for Inside<'_, '_> {
    type Ok = ();
    type Error = Unsound;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unsound> {
        // A program's maps have names as keys; another key would only be told by its number.
        let text = serde_json::to_value(key).ok().and_then(|k| k.as_str().map(str::to_owned));
        self.key = text.unwrap_or_else(|| self.next.to_string());
        self.next += 1;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unsound> {
        let key = std::mem::take(&mut self.key);
        self.walk.inside(Part::Field(key), value)
    }

    fn end(self) -> Result<(), Unsound> {
        self.done();
        Ok(())
    }
}
