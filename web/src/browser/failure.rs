//! What remains when the page has panicked: a panel with the message, the scenario's address and how to report it.
//! Written with the bare DOM, because nothing else can be trusted any more.

use std::cell::RefCell;
use std::panic::PanicHookInfo;

use super::{address, document, window};

thread_local! {
    static SCENARIO: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The fragment that leads to what is run now, changes and all: kept for the report, which can compute nothing any more.
pub fn remember(scenario: Option<String>) {
    SCENARIO.set(scenario);
}

pub fn install_hook() {
    std::panic::set_hook(Box::new(show));
}

fn show(info: &PanicHookInfo<'_>) {
    let scenario = SCENARIO.take().map(|hash| address::with_hash(&hash));
    let scenario = scenario.or_else(|| window().location().href().ok()).unwrap_or_default();
    let report = report(&info.to_string(), &scenario);
    web_sys::console::error_1(&report.as_str().into());
    // A second panic, on the way out of the first, changes nothing.
    if document().get_element_by_id("failure").is_some() {
        return;
    }
    if build(&report).is_none() {
        let _ = window().alert_with_message(&report);
    }
}

fn report(message: &str, address: &str) -> String {
    format!("Ackscope {}\n{message}\n\nscenario: {address}", env!("CARGO_PKG_VERSION"))
}

fn build(report: &str) -> Option<()> {
    let document = document();
    let panel = document.create_element("div").ok()?;
    panel.set_id("failure");
    panel.set_class_name("failure");
    panel.set_attribute("role", "alertdialog").ok()?;
    panel.set_attribute("aria-label", "Ackscope has failed").ok()?;
    let inner = document.create_element("div").ok()?;
    for (tag, text) in [
        ("h1", "Ackscope has come upon a fault of its own"),
        (
            "p",
            "This is not something you did, and nothing of your scenario is lost: its address is below. Reloading \
             starts it again. The same address gives the same run, so the report below is all that is needed to find \
             the fault: please copy it into an issue of the project.",
        ),
        ("pre", report),
    ] {
        let element = document.create_element(tag).ok()?;
        element.set_text_content(Some(text));
        inner.append_child(&element).ok()?;
    }
    // Handlers written in the page itself: this module's code must not run again.
    let buttons = document.create_element("p").ok()?;
    buttons.set_inner_html(
        "<button class=\"tool ink\" onclick=\"location.reload()\">Reload</button> \
         <button class=\"tool line\" onclick=\"navigator.clipboard.writeText(document.querySelector('#failure pre').textContent)\">Copy the report</button> \
         <a class=\"tool line\" href=\"#\" onclick=\"location.hash='';location.reload()\">Open the first scenario</a>",
    );
    inner.append_child(&buttons).ok()?;
    panel.append_child(&inner).ok()?;
    document.body()?.append_child(&panel).ok()?;
    Some(())
}
