//! A static host on this machine: a folder under some path, as any host would serve it, and a list of what was asked.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Runs until it is dropped.
pub struct Site {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    folder: PathBuf,
    /// Begins and ends with a slash.
    path: String,
    /// Some hosts compress, some do not.
    compressed: Option<Mutex<BTreeMap<PathBuf, Vec<u8>>>>,
    /// How a file's name ends, and a header that it is sent with.
    headers: Vec<(String, String)>,
    requests: Mutex<Vec<String>>,
    closing: AtomicBool,
}

impl Site {
    /// Serves `folder` at `http://127.0.0.1:<free port><path>` and nothing elsewhere.
    pub fn serve(folder: impl Into<PathBuf>, path: &str) -> Self {
        Self::start(folder.into(), path, None, &[])
    }

    /// The same, with more headers: how a file's name must end (`""`: any file), and the header.
    pub fn serve_with(folder: impl Into<PathBuf>, path: &str, headers: &[(&str, &str)]) -> Self {
        Self::start(folder.into(), path, None, headers)
    }

    /// The same, answering with brotli 11 where the browser takes it.
    pub fn serve_compressed(folder: impl Into<PathBuf>, path: &str) -> Self {
        Self::start(folder.into(), path, Some(Mutex::default()), &[])
    }

    fn start(
        folder: PathBuf,
        path: &str,
        compressed: Option<Mutex<BTreeMap<PathBuf, Vec<u8>>>>,
        headers: &[(&str, &str)],
    ) -> Self {
        assert!(path.starts_with('/') && path.ends_with('/'), "{path:?} must begin and end with a slash");
        assert!(folder.join("index.html").is_file(), "{} holds no index.html", folder.display());
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on this machine");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared {
            folder,
            path: path.to_owned(),
            compressed,
            headers: headers.iter().map(|&(end, header)| (end.to_owned(), header.to_owned())).collect(),
            requests: Mutex::default(),
            closing: AtomicBool::new(false),
        });
        let host = Arc::clone(&shared);
        std::thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                if host.closing.load(Ordering::Relaxed) {
                    break;
                }
                let host = Arc::clone(&host);
                // A browser that closes early is no failure of the host.
                std::thread::spawn(move || host.answer(connection).ok());
            }
        });
        Self { address, shared }
    }

    /// The address of the folder, ending with a slash.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, self.shared.path)
    }

    /// What was asked so far, in order of arrival: addresses below the folder, or whole paths of what lies elsewhere.
    pub fn requests(&self) -> Vec<String> {
        self.shared.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::Relaxed);
        // Wakes the listener, so that it sees the flag.
        TcpStream::connect(self.address).ok();
    }
}

impl Shared {
    fn answer(&self, mut connection: TcpStream) -> std::io::Result<()> {
        let mut lines = BufReader::new(&connection).lines();
        let request = lines.next().transpose()?.unwrap_or_default();
        let mut takes_brotli = false;
        for line in lines {
            let line = line?.to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            takes_brotli |=
                line.strip_prefix("accept-encoding:").is_some_and(|codings| codings.contains("br"));
        }
        let target = request.split(' ').nth(1).unwrap_or_default();
        let address = target.split(['?', '#']).next().unwrap_or_default();
        let below = address.strip_prefix(&self.path);
        self.requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(below.unwrap_or(address).to_owned());
        let file = below.map(|name| if name.is_empty() { "index.html" } else { name }).map(Path::new);
        let inside = |path: &&Path| path.components().all(|part| matches!(part, Component::Normal(_)));
        let Some(bytes) = file.filter(inside).and_then(|path| std::fs::read(self.folder.join(path)).ok())
        else {
            return respond(&mut connection, "404 Not Found", "content-type: text/plain", b"no such file");
        };
        let path = file.unwrap_or(Path::new(""));
        let name = path.to_string_lossy();
        let more = self.headers.iter().filter(|(end, _)| name.ends_with(end.as_str()));
        let more: String = more.map(|(_, header)| format!("\r\n{header}")).collect();
        let headers = format!("content-type: {}{more}", content_type(path));
        match self.compressed.as_ref().filter(|_| takes_brotli) {
            None => respond(&mut connection, "200 OK", &headers, &bytes),
            Some(cache) => {
                let mut cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
                let packed = cache.entry(path.to_owned()).or_insert_with(|| brotli_11(&bytes)).clone();
                drop(cache);
                respond(&mut connection, "200 OK", &format!("{headers}\r\ncontent-encoding: br"), &packed)
            }
        }
    }
}

fn respond(connection: &mut TcpStream, status: &str, headers: &str, body: &[u8]) -> std::io::Result<()> {
    let length = body.len();
    // Never cached: each test sees what a first visitor would.
    write!(
        connection,
        "HTTP/1.1 {status}\r\n{headers}\r\ncontent-length: {length}\r\ncache-control: no-store\r\nconnection: close\r\n\r\n"
    )?;
    connection.write_all(body)
}

fn content_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()).unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "webmanifest" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "txt" | "toml" => "text/plain; charset=utf-8",
        "wasm" => "application/wasm",
        _ => "application/octet-stream",
    }
}

fn brotli_11(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    let params = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
    brotli::BrotliCompress(&mut &*bytes, &mut packed, &params).expect("writing to memory cannot fail");
    packed
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn ask(site: &Site, path: &str) -> String {
        let mut connection = TcpStream::connect(site.address).unwrap();
        write!(connection, "GET {path} HTTP/1.1\r\nAccept-Encoding: gzip, br\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    #[test]
    fn serves_the_folder_under_its_path_and_nothing_else() {
        let folder = std::env::temp_dir().join(format!("ackscope-site-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("index.html"), "<!doctype html>".repeat(100)).unwrap();
        let site = Site::serve(&folder, "/a/b/");
        assert!(ask(&site, "/a/b/?query").contains("content-type: text/html; charset=utf-8\r\n"));
        assert!(ask(&site, "/index.html").starts_with("HTTP/1.1 404"));
        assert!(ask(&site, "/a/b/../../etc/passwd").starts_with("HTTP/1.1 404"));
        assert_eq!(site.requests(), ["", "/index.html", "../../etc/passwd"]);

        let for_all =
            Site::serve_with(&folder, "/", &[("", "access-control-allow-origin: *"), (".js", "x: y")]);
        let answer = ask(&for_all, "/");
        assert!(
            answer.contains("\r\naccess-control-allow-origin: *\r\n") && !answer.contains("x: y"),
            "{answer}"
        );

        let packed = Site::serve_compressed(&folder, "/");
        let answer = ask(&packed, "/");
        assert!(answer.contains("content-encoding: br\r\n") && answer.len() < 300, "{answer}");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
