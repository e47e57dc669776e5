//! Which crate may know which: the arrows of the architecture, checked against the manifests.

use crate::{Result, exec};
use serde_json::Value;

/// For each crate, the crates of this workspace that it may depend on.
/// `cli`, `web` and `tests` assemble: they may know all of them, and nobody may know them.
const MAY_KNOW: [(&str, &[&str]); 9] = [
    ("ackscope-sim", &[]),
    ("ackscope-scenario", &["ackscope-sim"]),
    ("ackscope-lab", &["ackscope-sim", "ackscope-scenario"]),
    ("ackscope-scene", &["ackscope-sim"]),
    ("ackscope-golden", &["ackscope-sim"]),
    ("ackscope-cli", LIBRARIES),
    ("ackscope-web", LIBRARIES),
    ("ackscope-tests", LIBRARIES),
    ("xtask", &[]),
];
const LIBRARIES: &[&str] =
    &["ackscope-sim", "ackscope-scenario", "ackscope-lab", "ackscope-scene", "ackscope-golden"];

/// All that the engine may take from outside: words for its data, words for its errors, its generator.
const SIM_MAY_USE: [&str; 5] = ["serde", "thiserror", "rand_core", "rand_xoshiro", "rand_pcg"];

pub fn check() -> Result<()> {
    let metadata =
        exec::output(exec::cargo().args(["metadata", "--no-deps", "--format-version", "1", "--offline"]))?;
    let metadata: Value =
        serde_json::from_str(&metadata).map_err(|error| format!("cargo metadata: {error}"))?;
    let wrong = wrong_arrows(&metadata);
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

fn wrong_arrows(metadata: &Value) -> Vec<String> {
    let packages: Vec<&Value> = metadata["packages"].as_array().into_iter().flatten().collect();
    let members: Vec<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    let mut wrong = Vec::new();
    for package in &packages {
        let name = package["name"].as_str().unwrap_or_default();
        let Some((_, may_know)) = MAY_KNOW.iter().find(|(known, _)| *known == name) else {
            wrong.push(format!("{name} is new: give it its place in crates/xtask/src/arrows.rs"));
            continue;
        };
        // Tests may look wherever they like: what they need does not ship.
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        for dependency in dependencies.filter(|dependency| dependency["kind"].as_str() != Some("dev")) {
            let on = dependency["name"].as_str().unwrap_or_default();
            if members.contains(&on) && !may_know.contains(&on) {
                wrong.push(format!("{name} depends on {on}; it may know {}", listed(may_know)));
            }
            if name == "ackscope-sim" && !members.contains(&on) && !SIM_MAY_USE.contains(&on) {
                wrong.push(format!("ackscope-sim depends on {on}; it may use {}", listed(&SIM_MAY_USE)));
            }
        }
    }
    wrong
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() { "none of the workspace's crates".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    fn wrong(dependencies: &[(&str, &str, Option<&str>)]) -> Vec<String> {
        let names = ["ackscope-sim", "ackscope-scenario", "ackscope-scene"];
        let packages: Vec<_> = names
            .iter()
            .map(|name| {
                let of_this = dependencies.iter().filter(|(from, ..)| from == name);
                let list: Vec<_> = of_this.map(|(_, on, kind)| json!({ "name": on, "kind": kind })).collect();
                json!({ "name": name, "dependencies": list })
            })
            .collect();
        super::wrong_arrows(&json!({ "packages": packages }))
    }

    #[test]
    fn arrows_point_towards_sim_and_never_away() {
        assert!(
            wrong(&[("ackscope-scenario", "ackscope-sim", None), ("ackscope-sim", "serde", None)]).is_empty()
        );
        let wrong = wrong(&[
            ("ackscope-sim", "ackscope-scenario", None),
            ("ackscope-scene", "ackscope-scenario", None),
            ("ackscope-scene", "ackscope-scenario", Some("dev")),
            ("ackscope-sim", "tokio", None),
            ("ackscope-sim", "proptest", Some("dev")),
        ]);
        assert_eq!(wrong.len(), 3, "{wrong:?}");
        assert!(wrong[0].starts_with("ackscope-sim depends on ackscope-scenario; it may know none"));
        assert!(wrong[1].starts_with("ackscope-sim depends on tokio; it may use serde"));
        assert!(
            wrong[2].starts_with("ackscope-scene depends on ackscope-scenario; it may know ackscope-sim")
        );
    }

    #[test]
    fn a_crate_without_a_place_is_named() {
        let metadata = json!({ "packages": [{ "name": "ackscope-extra", "dependencies": [] }] });
        assert!(super::wrong_arrows(&metadata)[0].starts_with("ackscope-extra is new"));
    }
}
