//! Happenings as expectations see them: a kind and named values. Read off the engine's own serialisation, so that a field
//! is called here what it is called there.

use std::fmt;

use ackscope_sim::happening::Fact;
use serde::Serialize;
use serde::ser::{
    Impossible, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

/// What an expectation can name, in the words of a document.
pub const KINDS: &[&str] = &[
    "action-done",
    "action-undone",
    "admin-answered",
    "process-started",
    "process-killed",
    "stop-requested",
    "process-stopped",
    "power-lost",
    "paused",
    "resumed",
    "log-dir-failed",
    "log-dir-restored",
    "message-sent",
    "message-arrived",
    "message-lost",
    "connecting",
    "connected",
    "connection-refused",
    "disconnected",
    "producer-started",
    "producer-refused",
    "producer-closed",
    "application-killed",
    "send-called",
    "send-blocked",
    "buffered",
    "batch-closed",
    "batch-drained",
    "batch-retried",
    "batch-split",
    "batch-expired",
    "acknowledged",
    "send-failed",
    "producer-id-assigned",
    "producer-epoch-bumped",
    "leader-learnt",
    "request-timed-out",
    "flush-completed",
    "appended",
    "duplicate-recognised",
    "produce-refused",
    "produce-waits",
    "high-watermark-moved",
    "truncated",
    "became-leader",
    "became-follower",
    "isr-proposed",
    "isr-refused",
    "flushed",
    "log-loaded",
    "fetch-refused",
    "controller-activated",
    "controller-lost",
    "broker-registered",
    "registration-refused",
    "broker-fenced",
    "broker-unfenced",
    "controlled-shutdown-began",
    "controlled-shutdown-granted",
    "partition-created",
    "partition-changed",
    "delivered",
    "position-reset",
    "consumer-failed",
];

/// The variant's name, as the engine spells it.
pub(crate) fn kind(fact: &Fact) -> &'static str {
    match fact.serialize(NameOnly) {
        Err(Stop(name)) => name,
        Ok(()) => "",
    }
}

/// `high-watermark-moved`, `HighWatermarkMoved` and `HIGH_WATERMARK_MOVED` are one word.
pub(crate) fn same(a: &str, b: &str) -> bool {
    let letters = |text: &'_ str| {
        let plain =
            text.bytes().filter(|byte| byte.is_ascii_alphanumeric()).map(|byte| byte.to_ascii_lowercase());
        plain.collect::<Vec<u8>>()
    };
    letters(a) == letters(b)
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Leaf {
    None,
    Flag(bool),
    Number(i128),
    Text(String),
    Numbers(Vec<i128>),
}

/// All values of a happening with the name of the nearest field; what is nested comes behind what holds it.
pub(crate) fn fields(fact: &Fact) -> Vec<(&'static str, Leaf)> {
    let mut leaves = Vec::new();
    // The only errors are those of the name finder.
    _ = fact.serialize(Flat { name: "", out: &mut leaves });
    leaves
}

#[derive(Debug)]
struct Stop(&'static str);

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Stop {}

impl serde::ser::Error for Stop {
    fn custom<T: fmt::Display>(_message: T) -> Stop {
        Stop("")
    }
}

/// Stops at the variant's name.
struct NameOnly;

macro_rules! nothing {
    ($($method:ident($type:ty);)*) => { $(fn $method(self, _: $type) -> Result<(), Stop> { Ok(()) })* };
}

impl Serializer for NameOnly {
    type Ok = ();
    type Error = Stop;
    type SerializeSeq = Impossible<(), Stop>;
    type SerializeTuple = Impossible<(), Stop>;
    type SerializeTupleStruct = Impossible<(), Stop>;
    type SerializeTupleVariant = Impossible<(), Stop>;
    type SerializeMap = Impossible<(), Stop>;
    type SerializeStruct = Impossible<(), Stop>;
    type SerializeStructVariant = Impossible<(), Stop>;

    nothing! {
        serialize_bool(bool); serialize_i8(i8); serialize_i16(i16); serialize_i32(i32); serialize_i64(i64);
        serialize_u8(u8); serialize_u16(u16); serialize_u32(u32); serialize_u64(u64);
        serialize_f32(f32); serialize_f64(f64); serialize_char(char); serialize_str(&str); serialize_bytes(&[u8]);
        serialize_unit_struct(&'static str);
    }
    fn serialize_none(self) -> Result<(), Stop> {
        Ok(())
    }
    fn serialize_unit(self) -> Result<(), Stop> {
        Ok(())
    }
    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<(), Stop> {
        value.serialize(self)
    }
    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _: &'static str, value: &T) -> Result<(), Stop> {
        value.serialize(self)
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Stop> {
        Err(Stop(variant))
    }
    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: &T,
    ) -> Result<(), Stop> {
        Err(Stop(variant))
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Stop> {
        Err(Stop(variant))
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Stop> {
        Err(Stop(variant))
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Stop> {
        Err(Stop(""))
    }
    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Stop> {
        Err(Stop(""))
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, Stop> {
        Err(Stop(""))
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Stop> {
        Err(Stop(""))
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, Stop> {
        Err(Stop(""))
    }
}

/// Writes every leaf down under the name of the field that holds it.
struct Flat<'o> {
    name: &'static str,
    out: &'o mut Vec<(&'static str, Leaf)>,
}

impl Flat<'_> {
    fn put(self, leaf: Leaf) -> Result<(), Stop> {
        self.out.push((self.name, leaf));
        Ok(())
    }
}

macro_rules! number {
    ($($method:ident($type:ty);)*) => {
        $(fn $method(self, value: $type) -> Result<(), Stop> { self.put(Leaf::Number(value.into())) })*
    };
}

impl<'o> Serializer for Flat<'o> {
    type Ok = ();
    type Error = Stop;
    type SerializeSeq = Many<'o>;
    type SerializeTuple = Many<'o>;
    type SerializeTupleStruct = Many<'o>;
    type SerializeTupleVariant = Many<'o>;
    type SerializeMap = Many<'o>;
    type SerializeStruct = Many<'o>;
    type SerializeStructVariant = Many<'o>;

    number! {
        serialize_i8(i8); serialize_i16(i16); serialize_i32(i32); serialize_i64(i64);
        serialize_u8(u8); serialize_u16(u16); serialize_u32(u32); serialize_u64(u64);
    }
    fn serialize_bool(self, value: bool) -> Result<(), Stop> {
        self.put(Leaf::Flag(value))
    }
    fn serialize_f32(self, _: f32) -> Result<(), Stop> {
        Ok(())
    }
    fn serialize_f64(self, _: f64) -> Result<(), Stop> {
        Ok(())
    }
    fn serialize_char(self, value: char) -> Result<(), Stop> {
        self.put(Leaf::Text(value.to_string()))
    }
    fn serialize_str(self, value: &str) -> Result<(), Stop> {
        self.put(Leaf::Text(value.to_owned()))
    }
    fn serialize_bytes(self, _: &[u8]) -> Result<(), Stop> {
        Ok(())
    }
    fn serialize_none(self) -> Result<(), Stop> {
        self.put(Leaf::None)
    }
    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<(), Stop> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<(), Stop> {
        Ok(())
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Stop> {
        Ok(())
    }
    fn serialize_unit_variant(self, kind: &'static str, _: u32, variant: &'static str) -> Result<(), Stop> {
        let text = if kind == "NodeId" { variant.to_lowercase() } else { variant.to_owned() };
        self.put(Leaf::Text(text))
    }
    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _: &'static str, value: &T) -> Result<(), Stop> {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        kind: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Stop> {
        if kind == "NodeId" {
            // `broker-1`; clients by number
            let mut inner = Vec::new();
            value.serialize(Flat { name: "", out: &mut inner })?;
            let number = match inner.first() {
                Some((_, Leaf::Number(number))) => *number,
                _ => 0,
            };
            return self.put(Leaf::Text(format!("{}-{number}", variant.to_lowercase())));
        }
        if kind != "Fact" {
            self.out.push((self.name, Leaf::Text(variant.to_owned())));
        }
        value.serialize(self)
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Many<'o>, Stop> {
        Ok(Many { name: self.name, out: self.out, numbers: Some(Vec::new()) })
    }
    fn serialize_tuple(self, _: usize) -> Result<Many<'o>, Stop> {
        Ok(Many { name: self.name, out: self.out, numbers: None })
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Many<'o>, Stop> {
        Ok(Many { name: self.name, out: self.out, numbers: None })
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Many<'o>, Stop> {
        self.out.push((self.name, Leaf::Text(variant.to_owned())));
        Ok(Many { name: self.name, out: self.out, numbers: None })
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Many<'o>, Stop> {
        Ok(Many { name: self.name, out: self.out, numbers: None })
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Many<'o>, Stop> {
        Ok(Many { name: self.name, out: self.out, numbers: None })
    }
    fn serialize_struct_variant(
        self,
        kind: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Many<'o>, Stop> {
        if kind != "Fact" {
            self.out.push((self.name, Leaf::Text(variant.to_owned())));
        }
        Ok(Many { name: self.name, out: self.out, numbers: None })
    }
}

/// Several values: of a list of numbers one leaf, else one leaf each.
struct Many<'o> {
    name: &'static str,
    out: &'o mut Vec<(&'static str, Leaf)>,
    numbers: Option<Vec<i128>>,
}

impl Many<'_> {
    fn one<T: ?Sized + Serialize>(&mut self, name: &'static str, value: &T) -> Result<(), Stop> {
        let before = self.out.len();
        value.serialize(Flat { name, out: self.out })?;
        if let Some(numbers) = &mut self.numbers {
            match &self.out[before..] {
                [(_, Leaf::Number(number))] => {
                    numbers.push(*number);
                    self.out.truncate(before);
                }
                _ => self.numbers = None,
            }
        }
        Ok(())
    }

    fn close(self) -> Result<(), Stop> {
        if let Some(numbers) = self.numbers {
            self.out.push((self.name, Leaf::Numbers(numbers)));
        }
        Ok(())
    }
}

macro_rules! elements {
    ($($trait:ident $method:ident;)*) => {
        $(impl $trait for Many<'_> {
            type Ok = ();
            type Error = Stop;
            fn $method<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Stop> {
                self.one(self.name, value)
            }
            fn end(self) -> Result<(), Stop> {
                self.close()
            }
        })*
    };
}

elements! {
    SerializeSeq serialize_element;
    SerializeTuple serialize_element;
    SerializeTupleStruct serialize_field;
    SerializeTupleVariant serialize_field;
}

impl SerializeMap for Many<'_> {
    type Ok = ();
    type Error = Stop;
    fn serialize_key<T: ?Sized + Serialize>(&mut self, _: &T) -> Result<(), Stop> {
        Ok(())
    }
    fn serialize_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Stop> {
        self.one(self.name, value)
    }
    fn end(self) -> Result<(), Stop> {
        self.close()
    }
}

macro_rules! named {
    ($($trait:ident)*) => {
        $(impl $trait for Many<'_> {
            type Ok = ();
            type Error = Stop;
            fn serialize_field<T: ?Sized + Serialize>(&mut self, name: &'static str, value: &T) -> Result<(), Stop> {
                self.one(name, value)
            }
            fn end(self) -> Result<(), Stop> {
                self.close()
            }
        })*
    };
}

named!(SerializeStruct SerializeStructVariant);

#[cfg(test)]
mod tests {
    use super::{KINDS, Leaf, fields, kind, same};
    use ackscope_sim::happening::{Fact, Truncation};
    use ackscope_sim::ids::{LeaderEpoch, Offset, Partition};

    #[test]
    fn a_happening_is_a_kind_and_named_values() {
        let because = Truncation::DivergingEpoch { leader_epoch: LeaderEpoch(0), end_offset: Offset(5) };
        let fact = Fact::Truncated { partition: Partition(0), from: Offset(10), to: Offset(5), because };
        assert!(same(kind(&fact), "truncated"));
        assert_eq!(
            fields(&fact),
            [
                ("partition", Leaf::Number(0)),
                ("from", Leaf::Number(10)),
                ("to", Leaf::Number(5)),
                ("because", Leaf::Text("DivergingEpoch".to_owned())),
                ("leader_epoch", Leaf::Number(0)),
                ("end_offset", Leaf::Number(5)),
            ]
        );
        assert!(same(kind(&Fact::ControllerLost), "controller-lost"));
    }

    #[test]
    fn kinds_are_written_once() {
        let mut sorted = KINDS.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), KINDS.len());
    }
}
