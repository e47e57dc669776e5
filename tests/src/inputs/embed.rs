//! Attributes of an embedded player: what the browser makes of one on its way into the address changes nothing of where it
//! leads, and the scenario with the values it names is read or refused like any document.

use ackscope_scenario::library;
use ackscope_scenario::link::{self, Target};

use super::document::read;

pub fn embed(bytes: &[u8]) {
    let attribute = super::text(bytes);
    let fragment = fragment(&attribute);
    let target = link::read(&fragment);
    let plain: String = own_part(&attribute).chars().filter(|letter| !is_dropped(*letter)).collect();
    assert_eq!(target, link::read(&format!("#{plain}")), "{attribute:?} became {fragment:?}");
    match target {
        Ok(Target::Named { name, overrides, .. }) => {
            let Some(entry) = library::find(&name) else { return };
            let pairs: Vec<(&str, &str)> =
                overrides.iter().map(|(path, value)| (path.as_str(), value.as_str())).collect();
            read(entry.text, &pairs);
        }
        Ok(Target::Text { text, .. }) => _ = read(&text, &[]),
        Err(_) => {}
    }
}

/// The attribute as far as it counts: `embed.js` takes one `#` away, and setting `URL.hash` another.
fn own_part(scenario: &str) -> &str {
    let scenario = scenario.strip_prefix('#').unwrap_or(scenario);
    scenario.strip_prefix('#').unwrap_or(scenario)
}

/// `location.hash` of a player with this `scenario`, as `URL.hash` writes it.
pub fn fragment(scenario: &str) -> String {
    let scenario = own_part(scenario);
    let mut fragment = String::with_capacity(scenario.len() + 1);
    for letter in scenario.chars().filter(|letter| !is_dropped(*letter)) {
        match letter {
            ' ' | '"' | '<' | '>' | '`' | '\0'..='\u{1f}' | '\u{7f}'.. => {
                let mut bytes = [0; 4];
                for byte in letter.encode_utf8(&mut bytes).bytes() {
                    fragment += &format!("%{byte:02X}");
                }
            }
            plain => fragment.push(plain),
        }
    }
    if fragment.is_empty() { fragment } else { format!("#{fragment}") }
}

/// An address has no tabs and no ends of lines; browsers leave them out.
fn is_dropped(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r')
}
