//! When two customers are alike: whatever can happen to the one from now on can happen to the other.
//!
//! That is only meant to save work: what an adversary claims by it is done once more from the beginning before anybody is
//! blamed. So it may be wrong now and then, and it has to be fast: a customer is written out as numbers in one go, and only
//! their hash is kept.

use std::fmt::{self, Display};
use std::hash::{DefaultHasher, Hasher};
use std::ops::Range;

use serde::Serialize;
use serde::ser::{self, Serializer};

use super::world::{TICK, World};

/// By what of the time two customers differ.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// Only by how long ago something was.
    Elapsed,
    /// By the hour as well.
    Hours,
    /// By the date, and by what the directory says.
    Days,
}

/// What is told apart of a customer, as of now; with so many inputs that may still come.
pub(crate) fn key(world: &World<'_>, inputs: usize, oldest: i64, clock: Clock) -> u64 {
    let started = world.customer.instances().iter().map(|i| i.number()).max().unwrap_or(0);
    let mut writer = Writer {
        out: Vec::with_capacity(256),
        now: world.now,
        oldest,
        days: clock == Clock::Days,
        started,
        depth: 0,
        list: "",
        field: "",
        item: 0,
        instance: 0,
        visits: Vec::new(),
        drop: false,
        ended: false,
        routes: Vec::new(),
    };
    world.customer.serialize(&mut writer).unwrap();
    let hour = match clock {
        Clock::Elapsed => 0,
        Clock::Hours => world.now / TICK % 24,
        Clock::Days => world.now,
    };
    let mut hasher = DefaultHasher::new();
    writer.out.iter().for_each(|n| hasher.write_u64(*n));
    hasher.write_i64(hour);
    hasher.write_i64(world.paused.max(world.now) - world.now);
    hasher.write(world.hooks.unwrap_or_default().as_bytes());
    hasher.write_usize(inputs);
    hasher.finish()
}

/// Writes a customer as numbers: without what only tells their history, and with instants and numbers of instances as of
/// now. Instants that are long ago or far ahead are all the same.
struct Writer {
    out: Vec<u64>,
    now: i64,
    oldest: i64,
    days: bool,
    /// The number of the newest instance.
    started: u64,
    /// How many structures this is inside of: the customer is one.
    depth: usize,
    /// The customer's list whose items are written.
    list: &'static str,
    field: &'static str,
    /// Where the item begins.
    item: usize,
    /// The item's instance.
    instance: u64,
    /// The visit under way of each instance.
    visits: Vec<(u64, u64)>,
    /// Nobody asks for the item any more.
    drop: bool,
    /// The item is an instance that has ended.
    ended: bool,
    /// Where each route is.
    routes: Vec<Range<usize>>,
}

impl Writer {
    fn put(&mut self, n: u64) {
        self.out.push(n);
    }

    fn text(&mut self, text: &str) {
        let mut hasher = DefaultHasher::new();
        hasher.write(text.as_bytes());
        self.put(hasher.finish());
    }

    fn signed(&mut self, n: i64) {
        match n.abs() > 1_000_000_000_000 {
            true => {
                self.drop |= self.list == "left" && self.field == "at" && self.now - n >= self.oldest;
                self.put((n - self.now).clamp(-self.oldest, 40 * TICK).cast_unsigned());
            }
            false => self.put(n.cast_unsigned()),
        }
    }

    /// Whether a field tells nothing of what can happen.
    fn passes_over(&self, name: &str) -> bool {
        match (self.depth, self.list, name) {
            (1, _, "said" | "steps" | "waited" | "started" | "id" | "now") => true,
            (1, _, "profile" | "agreed") => !self.days,
            (2.., _, "id") | (2, "instances", "measured") | (2, "routes", "at" | "address" | "on_failed") => true,
            // A waiting message's own number only tells their order.
            (2, "waiting", "number") => true,
            _ => false,
        }
    }

    fn begin(&mut self) {
        self.depth += 1;
        if self.depth == 2 {
            (self.item, self.instance, self.drop, self.ended) = (self.out.len(), 0, false, false);
        }
    }

    fn end(&mut self) {
        if self.depth == 2 {
            if self.drop {
                self.out.truncate(self.item);
            }
            if self.ended {
                self.out.truncate(self.item);
                self.put(self.started - self.instance);
            }
            if self.list == "routes" {
                self.routes.push(self.item..self.out.len());
            }
        }
        self.depth -= 1;
    }

    fn write<T: ?Sized + Serialize>(&mut self, name: &'static str, value: &T) -> Result<(), Never> {
        if self.passes_over(name) {
            return Ok(());
        }
        if self.depth == 1 {
            self.list = name;
        }
        // Lists may be left out where they are empty.
        self.put(name.len() as u64);
        let outer = std::mem::replace(&mut self.field, name);
        value.serialize(&mut *self)?;
        self.field = outer;
        if self.depth == 1 && name == "routes" {
            self.newest_routes();
        }
        Ok(())
    }

    /// Of routes only the two newest, and the newest of each kind, can be told from others.
    fn newest_routes(&mut self) {
        let Some(begins) = self.routes.first().map(|r| r.start) else { return };
        let mut kept: Vec<&[u64]> = Vec::new();
        for (i, range) in self.routes.iter().rev().enumerate() {
            let route = &self.out[range.clone()];
            if i < 2 || !kept.contains(&route) {
                kept.push(route);
            }
        }
        let kept = kept.concat();
        self.out.truncate(begins);
        self.out.extend(kept);
    }
}

/// Nothing fails here.
#[derive(Debug)]
struct Never(String);

impl Display for Never {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Never {}

impl ser::Error for Never {
    fn custom<T: Display>(text: T) -> Self {
        Never(text.to_string())
    }
}

macro_rules! numbers {
    ($($name:ident $of:ty),*) => {
        $(fn $name(self, n: $of) -> Result<(), Never> {
            self.signed(n.into());
            Ok(())
        })*
    };
}

impl Serializer for &mut Writer {
    type Error = Never;
    type Ok = ();
    type SerializeMap = Self;
    type SerializeSeq = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;

    numbers!(serialize_bool bool, serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64, serialize_u8 u8,
        serialize_u16 u16, serialize_u32 u32);

    fn serialize_u64(self, n: u64) -> Result<(), Never> {
        match (self.depth, self.field) {
            (2, "number" | "instance") => {
                self.instance = n;
                self.put(self.started - n);
            }
            (2, "visit") if self.list == "instances" => self.visits.push((self.instance, n)),
            (2, "visit") => {
                let is_under_way = self.visits.contains(&(self.instance, n));
                self.put(u64::from(is_under_way));
            }
            _ => self.put(n),
        }
        Ok(())
    }

    fn serialize_f32(self, n: f32) -> Result<(), Never> {
        self.serialize_f64(n.into())
    }

    fn serialize_f64(self, n: f64) -> Result<(), Never> {
        self.put(n.to_bits());
        Ok(())
    }

    fn serialize_char(self, c: char) -> Result<(), Never> {
        self.put(u64::from(c));
        Ok(())
    }

    fn serialize_str(self, text: &str) -> Result<(), Never> {
        self.text(text);
        Ok(())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), Never> {
        bytes.iter().for_each(|b| self.put(u64::from(*b)));
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Never> {
        self.put(u64::MAX);
        Ok(())
    }

    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<(), Never> {
        self.ended |= self.depth == 2 && self.list == "instances" && self.field == "ended";
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Never> {
        self.serialize_none()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Never> {
        self.serialize_none()
    }

    fn serialize_unit_variant(self, _: &'static str, index: u32, _: &'static str) -> Result<(), Never> {
        self.put(u64::from(index));
        Ok(())
    }

    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _: &'static str, value: &T) -> Result<(), Never> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Never> {
        self.put(u64::from(index));
        value.serialize(self)
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Self, Never> {
        // Of what is dropped again nothing is to stay.
        if !matches!(self.field, "left" | "routes") {
            self.put(length.unwrap_or(0) as u64);
        }
        Ok(self)
    }

    fn serialize_tuple(self, length: usize) -> Result<Self, Never> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<Self, Never> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_variant(self, _: &'static str, index: u32, _: &'static str, _: usize) -> Result<Self, Never> {
        self.serialize_seq(Some(index as usize))
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Self, Never> {
        self.serialize_seq(length)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Never> {
        self.begin();
        Ok(self)
    }

    fn serialize_struct_variant(self, _: &'static str, index: u32, _: &'static str, _: usize) -> Result<Self, Never> {
        self.put(u64::from(index));
        self.begin();
        Ok(self)
    }
}

macro_rules! items {
    ($($of:ident $name:ident),*) => {
        $(impl ser::$of for &mut Writer {
            type Error = Never;
            type Ok = ();

            fn $name<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Never> {
                value.serialize(&mut **self)
            }

            fn end(self) -> Result<(), Never> {
                Ok(())
            }
        })*
    };
}

items!(SerializeSeq serialize_element, SerializeTuple serialize_element, SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field);

impl ser::SerializeMap for &mut Writer {
    type Error = Never;
    type Ok = ();

    fn serialize_key<T: ?Sized + Serialize>(&mut self, key: &T) -> Result<(), Never> {
        key.serialize(&mut **self)
    }

    fn serialize_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Never> {
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<(), Never> {
        Ok(())
    }
}

macro_rules! structures {
    ($($of:ident),*) => {
        $(impl ser::$of for &mut Writer {
            type Error = Never;
            type Ok = ();

            fn serialize_field<T: ?Sized + Serialize>(&mut self, name: &'static str, value: &T) -> Result<(), Never> {
                self.write(name, value)
            }

            fn end(self) -> Result<(), Never> {
                Writer::end(self);
                Ok(())
            }
        })*
    };
}

structures!(SerializeStruct, SerializeStructVariant);
