//! The page: watches, breaks and explains runs of the engine in a browser. No rule of Kafka lives here.

mod app;
mod browser;
mod command;
mod compare;
mod components;
mod draft;
mod edit;
mod follow;
mod gesture;
mod history;
mod lab;
mod lab_worker;
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

/// Waits for questions of the lab's page.
pub fn start_lab_worker() {
    lab_worker::run();
}
