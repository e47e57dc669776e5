//! The parts of the page, one file each: narrow signals in, commands out.

pub mod agreement;
pub mod axis_switch;
pub mod badge;
pub mod break_it;
pub mod canvas;
pub mod change;
pub mod explanation;
pub mod fault_list;
pub mod help;
pub mod icon;
pub mod lanes;
pub mod links;
pub mod modal;
mod narration;
pub mod notice;
pub mod paste;
pub mod playback_bar;
mod pointer;
pub mod record_grid;
pub mod run_bar;
mod search;
pub mod settings;
pub mod source;
pub mod split;
pub mod stage_view;
pub mod thumbnail;
mod timeline_hand;
pub mod timeline_view;
pub mod top_bar;
pub mod transcript;
pub mod verdict_panel;
pub mod viewing;

pub use agreement::Agreement;
pub use axis_switch::AxisSwitch;
pub use badge::Badge;
pub use break_it::BreakIt;
pub use canvas::Canvas;
pub use change::Change;
pub use explanation::Explanation;
pub use fault_list::FaultList;
pub use help::Help;
pub use icon::{Glyph, Icon, Logo};
pub use lanes::LaneControls;
pub use links::Links;
pub use modal::Modal;
pub use narration::Narration;
pub use notice::{CutShort, Notice};
pub use paste::Paste;
pub use playback_bar::{PlaybackBar, Speeds};
pub use record_grid::RecordGrid;
pub use run_bar::RunBar;
pub use search::Search;
pub use settings::Settings;
pub use source::Source;
pub use split::Split;
pub use stage_view::StageView;
pub use thumbnail::Thumbnail;
pub use timeline_view::TimelineView;
pub use top_bar::TopBar;
pub use transcript::Transcript;
pub use verdict_panel::VerdictPanel;
pub use viewing::{PartitionSwitch, ViewTools, Viewing};

/// What a field holds, as an attribute of the page that is drawn beforehand. The one that runs sets the property.
pub fn drawn(value: impl FnOnce() -> String) -> Option<String> {
    cfg!(feature = "prerender").then(value)
}

/// The class that colours text by role.
pub fn tone_class(tone: ackscope_scene::tokens::Tone) -> String {
    format!("tone-{}", tone.name())
}
