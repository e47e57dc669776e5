//! The page's entry point.

fn main() {
    let document = web_sys::window().and_then(|window| window.document());
    if let Some(root) = document.and_then(|document| document.document_element()) {
        // The contract with everyone who waits for the page: the addressed view is complete.
        root.set_attribute("data-ready", "true").expect("data-ready is a valid attribute name");
    }
}
