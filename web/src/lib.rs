//! The page: watches, breaks and explains runs of the engine in a browser. No rule of Kafka lives here.

#![cfg_attr(
    not(feature = "csr"),
    allow(dead_code, unused_imports, reason = "much of it is for the browser alone")
)]

#[cfg(feature = "csr")]
mod app;
mod browser;
mod command;
mod compare;
mod components;
mod draft;
mod edit;
mod engine;
mod engine_worker;
mod follow;
mod gesture;
mod history;
mod lab;
mod lab_worker;
mod look;
mod pace;
mod paint;
mod pending;
mod playback;
mod prerender;
mod route;
mod screens;
mod session;
mod show;
mod signals;
mod turns;
mod views;

pub use prerender::landing;

/// Shows the page.
#[cfg(feature = "csr")]
pub fn start() {
    browser::failure::install_hook();
    browser::theme::install_tokens();
    app::mount();
}

/// The engine answers what comes through this port.
pub fn serve_engine(port: web_sys::MessagePort) {
    engine_worker::serve(port);
}

/// Waits for questions of the lab's page.
pub fn start_lab_worker() {
    lab_worker::run();
}
