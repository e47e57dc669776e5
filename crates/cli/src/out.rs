//! The one place that prints. What fails to be written is remembered and told when all work is done; texts of documents
//! reach a terminal only with their control characters shown.

use std::io::{self, BufWriter, StdoutLock, Write};

use ackscope_sim::shown::shown;
use serde::Serialize;

use crate::args::Failed;
use crate::budget::Ended;

/// The width of a line on paper.
const WIDTH: usize = 80;

/// One line on standard output, as `format!` makes it.
macro_rules! say {
    ($out:expr, $($words:tt)*) => { $out.line(&format!($($words)*)) };
}

/// Standard output.
pub struct Out {
    to: BufWriter<StdoutLock<'static>>,
    /// The first write that failed; nothing is written after it.
    failed: Option<io::Error>,
}

impl Out {
    pub fn new() -> Out {
        Out { to: BufWriter::new(io::stdout().lock()), failed: None }
    }

    /// One line, whatever the text holds.
    pub fn line(&mut self, text: &str) {
        let text = shown(text);
        self.write(|to| writeln!(to, "{text}"));
    }

    /// Lines of at most 80 columns, the first behind a mark, the others below its text.
    pub fn paragraph(&mut self, mark: &str, text: &str) {
        for line in wrapped(mark, text) {
            self.line(&line);
        }
    }

    /// A value as JSON.
    pub fn json(&mut self, value: &impl Serialize) -> Result<(), Failed> {
        let mut lines = Lines { out: self, line: Vec::new() };
        match serde_json::to_writer_pretty(&mut lines, value) {
            Err(error) if !error.is_io() => return Err(Failed(error.to_string())),
            _ => _ = lines.write(b"\n"),
        }
        Ok(())
    }

    /// A file that is safe as it is.
    pub fn file(&mut self, text: &str) {
        self.write(|to| to.write_all(text.as_bytes()));
    }

    /// Hands over what has been said so far.
    pub fn flush(&mut self) {
        self.write(BufWriter::flush);
    }

    /// Whether everything has arrived. A reader that has seen enough may close the pipe.
    pub fn finish(mut self) -> Result<(), Failed> {
        self.flush();
        match self.failed {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failed(format!("standard output: {error}")))
            }
            _ => Ok(()),
        }
    }

    fn write(&mut self, write: impl FnOnce(&mut BufWriter<StdoutLock<'static>>) -> io::Result<()>) {
        if self.failed.is_none() {
            self.failed = write(&mut self.to).err();
        }
    }
}

/// A writer that hands JSON on line by line: a line of it holds no control character but those within texts.
struct Lines<'o> {
    out: &'o mut Out,
    line: Vec<u8>,
}

impl Write for Lines<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.out.failed.is_some() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        for (place, piece) in bytes.split(|&byte| byte == b'\n').enumerate() {
            if place > 0 {
                self.out.line(&String::from_utf8_lossy(&self.line));
                self.line.clear();
            }
            self.line.extend_from_slice(piece);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A run that ended early, on standard error where standard output is a file.
pub fn aside(ended: Option<&Ended>) {
    if let Some(ended) = ended {
        complain(&Failed(ended.said.clone()));
    }
}

/// A complaint on standard error. If that cannot be written either, the exit code has to say it.
pub fn complain(Failed(message): &Failed) {
    let mut to = io::stderr().lock();
    for (place, line) in message.lines().enumerate() {
        let _ = writeln!(to, "{}{}", if place == 0 { "ackscope: " } else { "" }, shown(line));
    }
}

fn wrapped(mark: &str, text: &str) -> Vec<String> {
    let indent = mark.chars().count();
    let mut lines = vec![mark.to_owned()];
    let mut column = indent;
    for (place, word) in text.split_whitespace().enumerate() {
        let word = shown(word);
        let length = word.chars().count();
        if place > 0 && column + 1 + length > WIDTH {
            lines.push(" ".repeat(indent));
            column = indent;
        } else if place > 0 {
            lines.last_mut().expect("the mark").push(' ');
            column += 1;
        }
        lines.last_mut().expect("the mark").push_str(&word);
        column += length;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn lines_end_before_column_80() {
        let lines = wrapped("ok    ", &"word ".repeat(40));
        assert!(lines.iter().all(|line| line.len() <= 80));
        assert!(lines.iter().skip(1).all(|line| line.starts_with("      word")));
        assert_eq!(lines.join(" ").split_whitespace().count(), 41);
    }
}
