//! What an address leads to: whole pages, put together from components.

mod about;
mod embed;
mod gallery;
mod lab;
mod player;

pub use about::AboutView;
pub use embed::EmbedView;
pub use gallery::GalleryView;
pub use lab::LabView;
pub use player::PlayerView;
