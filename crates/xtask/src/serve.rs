//! `cargo xtask serve`: the page on this machine, rebuilt and reloaded after every edit.

use crate::install::say;
use crate::{Result, build, exec, tools};

#[derive(Debug, PartialEq)]
pub struct Options {
    release: bool,
    open: bool,
    port: u16,
}

impl Options {
    pub fn parse(args: &[String]) -> Result<Self> {
        let mut options = Self { release: false, open: false, port: 8080 };
        let mut args = args.iter().map(String::as_str);
        while let Some(arg) = args.next() {
            match arg {
                "--release" => options.release = true,
                "--open" => options.open = true,
                "--port" => {
                    let value = args.next().unwrap_or("nothing");
                    options.port =
                        value.parse().ok().filter(|port| *port != 0).ok_or_else(|| {
                            format!("--port needs a number from 1 to 65535, but got {value:?}")
                        })?;
                }
                other => {
                    return Err(format!(
                        "`serve` got {other:?}; it accepts --release, --port <n> and --open"
                    ));
                }
            }
        }
        Ok(options)
    }
}

pub fn run(options: &Options) -> Result<()> {
    let tools = if options.release { tools::set_up()? } else { tools::set_up_for_development()? };
    build::prepare()?;
    let mut trunk = tools.trunk()?;
    trunk.args(["serve", "--address", "127.0.0.1", "--port", &options.port.to_string()]);
    // A directory of its own: what `build` made stays as it is. (Not `serve`: cargo keeps that profile's artefacts there.)
    trunk.arg("--dist").arg(build::target_dir()?.join("served-site"));
    if options.release {
        trunk.arg("--release");
    }
    if options.open {
        trunk.arg("--open");
    }
    let kind = if options.release { "the released page" } else { "a quick build for development" };
    say(&format!(
        "serving {kind} at http://127.0.0.1:{}/ (the first build takes a minute or two; Ctrl-C ends)",
        options.port
    ));
    exec::run(&mut trunk)
}
