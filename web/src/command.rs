//! Everything that a person can ask of the page, as one enum: buttons, keys and the palette send the same. Beside it the
//! one table of those that have a name and keys.

use ackscope_scene::picture::Source;
use ackscope_scene::timeline::Stretch;
use ackscope_sim::ids::NodeId;
use ackscope_sim::time::Time;

use crate::edit::Edit;
use crate::lab::Question;
use crate::look::Change;

#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    // playback
    TogglePlay,
    StepForward(usize),
    StepBack(usize),
    NextMoment,
    PreviousMoment,
    ToStart,
    ToEnd,
    Seek(Time),
    SetSpeed(usize),
    Slower,
    Faster,
    /// To the next event on a lane, or the one before: on that of a node, else on the chosen one's.
    StepOn(Option<NodeId>, bool),
    /// What was chosen last is this node's lane.
    Dwell(NodeId),
    /// Playback repeats what is in sight, or the stretch between the moments around now; or does so no longer.
    ToggleRepeat,
    /// It repeats this.
    Repeat(Stretch),
    /// What is repeated begins here (or ends here, where that is not `left`); no time: now.
    RepeatEdge {
        left: bool,
        time: Option<Time>,
    },
    /// Seconds of real time have passed.
    Tick(f64),
    // looking
    Select(Source),
    Hover(Source),
    ZoomIn,
    ZoomOut,
    /// `factor` below 1 is closer.
    Zoom {
        about: Time,
        factor: f64,
    },
    PanLeft,
    PanRight,
    /// By a part of the window's width.
    PanBy(f64),
    /// Moves the window, not the playhead.
    Centre(Time),
    /// One edge of the window: the left one or the right one.
    Edge {
        left: bool,
        time: Time,
    },
    Fit,
    Look(Change),
    // explaining
    /// Selects what the narration speaks of.
    WhyNow,
    /// Switch between request and response.
    FollowArrow,
    /// To what caused the selected thing.
    FollowCause,
    // changing what is run
    Edit(Edit),
    /// The selected fault comes this many milliseconds later.
    Nudge(i64),
    Undo,
    Redo,
    /// What can be done to this node or link is shown; none: no longer.
    OpenVerbs(Source),
    /// Later runs are compared with this one.
    KeepRun,
    /// The kept run and this one change places.
    SwapRuns,
    /// The lab opens with this workload.
    ToLab(Question),
    // the page
    Open(Dialog),
    /// Closes the dialog that is open.
    Close,
    Share,
    ToggleTheme,
    /// Ends the run that is under way.
    StopRun,
    DismissNotice,
}

/// What opens in front of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialog {
    Search,
    Help,
}

impl Dialog {
    pub fn class(self) -> &'static str {
        match self {
            Dialog::Search => "search",
            Dialog::Help => "help",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Dialog::Search => "Search",
            Dialog::Help => "Keys",
        }
    }
}

/// A command that can be found by name and sent by a key.
pub struct Entry {
    pub name: &'static str,
    /// As `KeyboardEvent.key` names them, in lower case; `Shift+` or `Mod+` (Ctrl or Command) before those that need it.
    pub keys: &'static [&'static str],
    pub command: Command,
}

/// The help, the palette and the key handler read this.
pub const COMMANDS: &[Entry] = &[
    Entry { name: "Play or pause", keys: &[" ", "k"], command: Command::TogglePlay },
    Entry { name: "Forward one event", keys: &["arrowright"], command: Command::StepForward(1) },
    Entry { name: "Back one event", keys: &["arrowleft"], command: Command::StepBack(1) },
    Entry { name: "Forward ten events", keys: &["Shift+arrowright"], command: Command::StepForward(10) },
    Entry { name: "Back ten events", keys: &["Shift+arrowleft"], command: Command::StepBack(10) },
    Entry { name: "Next moment", keys: &["]"], command: Command::NextMoment },
    Entry { name: "Previous moment", keys: &["["], command: Command::PreviousMoment },
    Entry { name: "Next event on the chosen lane", keys: &["j"], command: Command::StepOn(None, true) },
    Entry { name: "Previous event on the chosen lane", keys: &["h"], command: Command::StepOn(None, false) },
    Entry { name: "To the start", keys: &["home"], command: Command::ToStart },
    Entry { name: "To the end", keys: &["end"], command: Command::ToEnd },
    Entry { name: "Slower", keys: &[","], command: Command::Slower },
    Entry { name: "Faster", keys: &["."], command: Command::Faster },
    Entry { name: "Repeat a stretch on or off", keys: &["p"], command: Command::ToggleRepeat },
    Entry { name: "Repeat from here", keys: &["b"], command: Command::RepeatEdge { left: true, time: None } },
    Entry {
        name: "Repeat up to here",
        keys: &["n"],
        command: Command::RepeatEdge { left: false, time: None },
    },
    Entry { name: "Zoom in", keys: &["w", "+"], command: Command::ZoomIn },
    Entry { name: "Zoom out", keys: &["s", "-"], command: Command::ZoomOut },
    Entry { name: "Pan left", keys: &["a"], command: Command::PanLeft },
    Entry { name: "Pan right", keys: &["d"], command: Command::PanRight },
    Entry { name: "Show the whole run", keys: &["f", "0"], command: Command::Fit },
    Entry {
        name: "Another axis: elastic, time, events",
        keys: &["x"],
        command: Command::Look(Change::NextAxis),
    },
    Entry {
        name: "Only messages of the selection",
        keys: &["o"],
        command: Command::Look(Change::OnlySelected(true)),
    },
    Entry { name: "Everything again", keys: &["e"], command: Command::Look(Change::OnlySelected(false)) },
    Entry { name: "Show all lanes", keys: &[], command: Command::Look(Change::AllLanes) },
    Entry { name: "Why did this happen?", keys: &["y"], command: Command::WhyNow },
    Entry { name: "Switch between request and response", keys: &["r"], command: Command::FollowArrow },
    Entry { name: "Go to the cause of the selection", keys: &["c"], command: Command::FollowCause },
    Entry { name: "Nothing selected", keys: &["escape"], command: Command::Select(Source::None) },
    Entry {
        name: "Search records, nodes, commands, scenarios",
        keys: &["/"],
        command: Command::Open(Dialog::Search),
    },
    Entry {
        name: "The selected fault a little later",
        keys: &["Mod+arrowright"],
        command: Command::Nudge(10),
    },
    Entry {
        name: "The selected fault a little earlier",
        keys: &["Mod+arrowleft"],
        command: Command::Nudge(-10),
    },
    Entry { name: "The selected fault later", keys: &["Mod+Shift+arrowright"], command: Command::Nudge(100) },
    Entry {
        name: "The selected fault earlier",
        keys: &["Mod+Shift+arrowleft"],
        command: Command::Nudge(-100),
    },
    Entry { name: "Add a producer", keys: &[], command: Command::Edit(Edit::AddProducer) },
    Entry { name: "Add a consumer", keys: &[], command: Command::Edit(Edit::AddConsumer) },
    Entry { name: "See the other run", keys: &[], command: Command::SwapRuns },
    Entry { name: "Keep this run for comparison", keys: &[], command: Command::KeepRun },
    Entry { name: "Undo", keys: &["Mod+z", "u"], command: Command::Undo },
    Entry { name: "Redo", keys: &["Mod+y", "Shift+u"], command: Command::Redo },
    Entry { name: "Copy a link to this moment", keys: &["l"], command: Command::Share },
    Entry { name: "Light or dark", keys: &["t"], command: Command::ToggleTheme },
    Entry { name: "Keys and commands", keys: &["?"], command: Command::Open(Dialog::Help) },
];

/// What a key press asks for. Shift counts only for keys that it does not change into another character.
pub fn for_key(key: &str, shift: bool, modifier: bool) -> Option<&'static Command> {
    let key = key.to_ascii_lowercase();
    let find = |wanted: &str| COMMANDS.iter().find(|entry| entry.keys.contains(&wanted));
    let entry = match (modifier, shift) {
        // As the rest of the world has it.
        (true, true) if key == "z" => find("Mod+y"),
        (true, true) => find(&format!("Mod+Shift+{key}")).or_else(|| find(&format!("Mod+{key}"))),
        (true, false) => find(&format!("Mod+{key}")),
        (false, true) => {
            find(&format!("Shift+{key}")).or_else(|| find(&key).filter(|_| key.chars().count() == 1))
        }
        (false, false) => find(&key),
    };
    entry.map(|entry| &entry.command)
}

/// A key as people call it.
pub fn key_name(key: &str) -> String {
    key.replace("arrowright", "→")
        .replace("arrowleft", "←")
        .replace("home", "Home")
        .replace("end", "End")
        .replace("escape", "Esc")
        .replace("Mod", "Ctrl")
        .replace(' ', "Space")
        .replace('+', if key.len() > 1 { " " } else { "+" })
}

#[cfg(test)]
mod tests {
    use super::{COMMANDS, Command, Dialog, for_key, key_name};

    #[test]
    fn no_two_commands_share_a_key() {
        let mut keys: Vec<_> = COMMANDS.iter().flat_map(|entry| entry.keys).collect();
        keys.sort_unstable();
        let count = keys.len();
        keys.dedup();
        assert_eq!(keys.len(), count);
    }

    #[test]
    fn shift_makes_arrows_longer_and_leaves_characters_alone() {
        assert_eq!(for_key("ArrowRight", false, false), Some(&Command::StepForward(1)));
        assert_eq!(for_key("ArrowRight", true, false), Some(&Command::StepForward(10)));
        assert_eq!(for_key("?", true, false), Some(&Command::Open(Dialog::Help)));
        assert_eq!(for_key("W", true, false), Some(&Command::ZoomIn));
        assert_eq!(for_key("q", false, false), None);
        assert_eq!(for_key("z", false, true), Some(&Command::Undo));
        assert_eq!(for_key("Z", true, true), Some(&Command::Redo));
        assert_eq!(for_key("s", false, true), None);
        assert_eq!(for_key("ArrowLeft", false, true), Some(&Command::Nudge(-10)));
        assert_eq!(for_key("ArrowLeft", true, true), Some(&Command::Nudge(-100)));
    }

    #[test]
    fn keys_have_names_that_fit_a_keyboard() {
        let names: Vec<_> = ["Shift+arrowright", " ", "+", "end", "Mod+z"].map(key_name).into();
        assert_eq!(names, ["Shift →", "Space", "+", "End", "Ctrl z"]);
    }
}
