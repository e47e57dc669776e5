//! Every record that an application has offered, kept once; batches and logs name it by number.

use std::sync::Arc;

use crate::chunks::Chunks;
use crate::ids::{ClientId, RecordId, TopicId};
use crate::time::Time;

#[derive(Clone, Debug)]
pub struct Offered {
    pub producer: ClientId,
    pub topic: TopicId,
    /// The partition number that the application named.
    pub partition: Option<u32>,
    pub key: Option<Arc<str>>,
    /// What the value begins with: what people know the record by.
    pub value: Arc<str>,
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
