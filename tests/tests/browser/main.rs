//! The built site in a real browser: one module per user action. Run by `cargo xtask test`.

mod accessible;
mod arrive;
mod break_it;
mod cannot_start;
mod contract;
mod dark;
mod keyboard;
mod lab;
mod large_cluster;
mod library;
mod look_closer;
mod memory;
mod paste;
mod phone;
mod play;
mod read;
mod reduced_motion;
mod same_everywhere;
mod scrub;
mod select_record;
mod settings;
mod source;
mod step;
mod touch;
