//! The built site in a real browser: one module per user action. Run by `cargo xtask test`.

mod arrive;
mod cannot_start;
mod memory;
mod same_everywhere;
