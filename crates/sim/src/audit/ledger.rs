//! Every record that an application has offered, kept once; batches and logs name it by number.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::chunks::Chunks;
use crate::ids::{ClientId, RecordId, TopicId};
use crate::time::Time;

/// A text that the ledger keeps, or a piece of one: loads number their values, and make many of them at once.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Text {
    number: u32,
    from: u32,
    to: u32,
}

impl Text {
    /// Its own piece `from..to`.
    pub fn piece(self, from: u32, to: u32) -> Text {
        Text { from: self.from + from, to: self.from + to, ..self }
    }

    pub fn bytes(self) -> u32 {
        self.to - self.from
    }
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Offered {
    pub producer: ClientId,
    pub topic: TopicId,
    /// The partition number that the application named.
    pub partition: Option<u32>,
    pub key: Option<Text>,
    /// What the value begins with: what people know the record by.
    pub value: Text,
    pub value_bytes: u32,
    pub serializable: bool,
    pub at: Time,
}

impl Offered {
    pub fn key_bytes(&self) -> Option<u32> {
        self.key.map(Text::bytes)
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Ledger {
    records: Chunks<Offered>,
    texts: Chunks<Arc<str>>,
}

impl Ledger {
    #[inline(always)] // its many fields go where they stay
    pub fn offer(&mut self, record: Offered) -> RecordId {
        self.records.push(record);
        RecordId(self.records.len() as u32 - 1)
    }

    pub fn get(&self, id: RecordId) -> &Offered {
        self.records.get(id.0 as usize).expect("a record of this run")
    }

    /// Keeps a text for the records that will have it, or pieces of it.
    pub fn keep(&mut self, text: impl Into<Arc<str>>) -> Text {
        let text = text.into();
        let to = text.len() as u32;
        self.texts.push(text);
        Text { number: self.texts.len() as u32 - 1, from: 0, to }
    }

    fn whole(&self, text: Text) -> &str {
        self.texts.get(text.number as usize).expect("a text of this ledger")
    }

    pub fn text(&self, text: Text) -> &str {
        &self.whole(text)[text.from as usize..text.to as usize]
    }

    pub fn bytes_of(&self, text: Text) -> &[u8] {
        &self.whole(text).as_bytes()[text.from as usize..text.to as usize]
    }

    pub fn key(&self, id: RecordId) -> Option<&str> {
        self.get(id).key.map(|key| self.text(key))
    }

    pub fn value(&self, id: RecordId) -> &str {
        self.text(self.get(id).value)
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
