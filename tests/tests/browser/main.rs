//! The built site in a real browser: one module per user action. Run by `cargo xtask test`.

mod accessible;
mod arrive;
mod cannot_start;
mod contract;
mod dark;
mod keyboard;
mod large_cluster;
mod library;
mod look_closer;
mod memory;
mod phone;
mod play;
mod read;
mod reduced_motion;
mod same_everywhere;
mod scrub;
mod select_record;
mod step;
mod touch;
