//! What a page beside the real one does with its result: it becomes the page's text, and the page is ready.

pub fn show(text: &str) {
    let document = web_sys::window().and_then(|window| window.document()).expect("a page");
    document.body().expect("a body").set_text_content(Some(text));
    let root = document.document_element().expect("a root");
    root.set_attribute("data-ready", "true").expect("data-ready is a valid attribute name");
}
