//! Which copies are condemned, and since when: from the election of a leader that does not hold them, they are in no
//! leader's history and will be cut off as soon as their broker hears of it.

use ackscope_sim::audit::Fate;
use ackscope_sim::ids::{BrokerId, LeaderEpoch, Offset, RecordId};
use ackscope_sim::time::Time;

use super::{Bar, Block, Doom, RecordStory, Replica};

/// An election: when, who, and the epoch that began.
pub(super) type Election = (Time, BrokerId, LeaderEpoch);

/// Marks the bars of one partition's replicas.
pub(super) fn condemn(
    replicas: &mut [&mut Replica],
    elections: &[Election],
    records: &[RecordStory],
    end: Time,
) {
    for &(at, leader, epoch) in elections {
        let Some(history) = alive(replicas, leader, at) else { continue };
        for replica in replicas.iter_mut().filter(|replica| replica.broker != leader) {
            for bar in &mut replica.bars {
                if bar.to > at && bar.epoch < epoch && bar.doom.is_none() && !holds(&history, bar) {
                    bar.doom = Some(Doom { from: at.max(bar.from), lost: is_lost(bar, records) });
                }
            }
        }
    }
    // A later leader may hold them after all (an unclean election back): then they were not doomed.
    let Some(&(_, leader, _)) = elections.last() else { return };
    let Some(history) = alive(replicas, leader, end) else { return };
    for replica in replicas.iter_mut() {
        for bar in &mut replica.bars {
            if bar.doom.is_some() && holds(&history, bar) {
                bar.doom = None;
            }
        }
    }
}

/// What a log held: the same record under another epoch is another entry.
type Entry = (Offset, LeaderEpoch, Option<RecordId>);

fn alive(replicas: &[&mut Replica], leader: BrokerId, at: Time) -> Option<Vec<Entry>> {
    let replica = replicas.iter().find(|replica| replica.broker == leader)?;
    let held = replica.bars.iter().filter(|bar| bar.from <= at && at < bar.to);
    let mut held: Vec<_> = held.map(entry).collect();
    held.sort_unstable();
    Some(held)
}

fn entry(bar: &Bar) -> Entry {
    (bar.base, bar.epoch, bar.records().first().copied())
}

fn holds(history: &[Entry], bar: &Bar) -> bool {
    history.binary_search(&entry(bar)).is_ok()
}

fn is_lost(bar: &Bar, records: &[RecordStory]) -> bool {
    let held = bar.records().iter();
    held.filter_map(|record| records.get(record.0 as usize)).any(|record| record.fate == Fate::AckedButLost)
}

/// Marks the copies of records that the same log already held.
pub(super) fn repeat(bars: &mut [Bar], records: usize) {
    let mut held_until = vec![Time::ZERO; records];
    for bar in bars {
        let mut again = false;
        for record in bar.records().iter().filter(|record| (record.0 as usize) < records) {
            let until = &mut held_until[record.0 as usize];
            again |= *until > bar.from;
            *until = (*until).max(bar.to);
        }
        bar.again = again;
    }
}

/// Neighbours of one epoch that end together and share their doom.
pub(super) fn blocks(bars: &[Bar]) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for (index, bar) in bars.iter().enumerate() {
        match blocks.last_mut() {
            Some(block)
                if block.next == bar.base
                    && block.epoch == bar.epoch
                    && block.to == bar.to
                    && block.again == bar.again
                    && block.doom.is_some() == bar.doom.is_some()
                    && block.doom.map(|doom| doom.lost) == bar.doom.map(|doom| doom.lost) =>
            {
                block.next = bar.next;
                block.bars.end = index + 1;
            }
            _ => blocks.push(Block {
                bars: index..index + 1,
                epoch: bar.epoch,
                base: bar.base,
                next: bar.next,
                from: bar.from,
                to: bar.to,
                doom: bar.doom,
                again: bar.again,
            }),
        }
    }
    blocks
}
