//! One input as the fuzzer holds it: `input KIND FILE` shows what the bytes stand for and panics where something does not hold.

use std::process::ExitCode;

use ackscope_tests::inputs::{KINDS, shown};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let found = KINDS.iter().find(|kind| args.first().is_some_and(|name| name == kind.name));
    let (Some(kind), [_, file]) = (found, args.as_slice()) else {
        let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        eprintln!("needs a kind of input ({}) and a file", names.join(", "));
        return ExitCode::from(2);
    };
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) => {
            eprintln!("{file}: {error}");
            return ExitCode::from(2);
        }
    };
    println!("{}", shown(kind, &bytes));
    (kind.hold)(&bytes);
    println!("holds");
    ExitCode::SUCCESS
}
