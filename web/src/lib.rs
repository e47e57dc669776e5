//! The page: watches, breaks and explains runs of the engine in a browser. No rule of Kafka lives here.

mod app;
mod browser;
mod command;
mod components;
mod draft;
mod follow;
mod gesture;
mod look;
mod pace;
mod paint;
mod playback;
mod route;
mod session;
mod show;
mod signals;
mod views;

/// Shows the page.
pub fn start() {
    browser::failure::install_hook();
    browser::theme::install_tokens();
    app::mount();
}
