//! Every record that an application has offered, kept once; batches and logs name it by number.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::chunks::Chunks;
use crate::ids::{ClientId, RecordId, TopicId};
use crate::time::Time;

/// A text of its own, or a piece of one that many share: loads number their values, and make many of them at once.
#[derive(Clone)]
pub struct Text {
    whole: Arc<str>,
    from: u32,
    to: u32,
}

impl Text {
    /// The piece `from..to` of a text.
    pub fn piece(whole: Arc<str>, from: u32, to: u32) -> Text {
        Text { whole, from, to }
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.whole[self.from as usize..self.to as usize]
    }
}

impl<T: Into<Arc<str>>> From<T> for Text {
    fn from(text: T) -> Text {
        let whole = text.into();
        Text { from: 0, to: whole.len() as u32, whole }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

#[derive(Clone, Debug)]
pub struct Offered {
    pub producer: ClientId,
    pub topic: TopicId,
    /// The partition number that the application named.
    pub partition: Option<u32>,
    pub key: Option<Arc<str>>,
    /// What the value begins with: what people know the record by.
    pub value: Text,
    pub value_bytes: u32,
    pub serializable: bool,
    pub at: Time,
}

impl Offered {
    pub fn key_bytes(&self) -> Option<u32> {
        self.key.as_ref().map(|key| key.len() as u32)
    }
}

#[derive(Clone, Debug, Default)]
pub struct Ledger {
    records: Chunks<Offered>,
}

impl Ledger {
    pub fn offer(&mut self, record: Offered) -> RecordId {
        self.records.push(record);
        RecordId(self.records.len() as u32 - 1)
    }

    pub fn get(&self, id: RecordId) -> &Offered {
        self.records.get(id.0 as usize).expect("a record of this run")
    }

    pub fn len(&self) -> usize {
        self.records.len()
    }

    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (RecordId, &Offered)> {
        (0..).map(RecordId).zip(self.records.iter())
    }
}
