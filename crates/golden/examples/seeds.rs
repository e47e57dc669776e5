//! Replays recorded runs with many seeds: `seeds N FILE…`; prints the sections that differ, and for which seeds.

use std::collections::BTreeMap;

fn main() {
    let mut words = std::env::args().skip(1);
    let seeds: u64 = words.next().and_then(|n| n.parse().ok()).expect("seeds N FILE...");
    let (mut good, mut all) = (0, 0);
    for file in words {
        let text = std::fs::read_to_string(&file).expect("a file");
        let recorded: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let mut bad: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for seed in 1..=seeds {
            all += 1;
            match ackscope_golden::replay_with(&text, Some(seed)) {
                Err(problem) => bad.entry(problem.to_string()).or_default().push(seed),
                Ok(take) => {
                    let rows = ackscope_golden::compare(&recorded, &take);
                    let mut fine = true;
                    for row in rows {
                        if let Some(difference) = row.difference {
                            fine = false;
                            let what = format!("{} ({}): {difference}", row.section, row.level);
                            bad.entry(what).or_default().push(seed);
                        }
                    }
                    good += u64::from(fine);
                }
            }
        }
        if !bad.is_empty() {
            println!("{}", recorded["id"].as_str().unwrap_or(&file));
            for (what, seeds) in bad {
                println!("    {} seeds {seeds:?}: {what}", seeds.len());
            }
        }
    }
    println!("{good} of {all} replays agree");
}
