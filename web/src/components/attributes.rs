//! What several components put into attributes.

/// What a field holds, as an attribute of the page that is drawn beforehand. The one that runs sets the property.
pub fn drawn(value: impl FnOnce() -> String) -> Option<String> {
    cfg!(feature = "prerender").then(value)
}

/// The class that colours text by role.
pub fn tone_class(tone: ackscope_scene::tokens::Tone) -> String {
    format!("tone-{}", tone.name())
}
