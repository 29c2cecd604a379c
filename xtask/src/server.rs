//! Serves the page's folder to the browsers of this machine, with the headers that docs/web.md advises for a host. Files
//! are read when they are asked for, so a page that is built anew is served at once.

use std::fs;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use axum::Router;
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use tokio::runtime::Runtime;
use tokio::task::spawn_blocking;

/// What the page may do, as in its own `<meta>`; that nobody may put it into a frame can be said in a header only.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
    img-src 'self' blob: data:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

const HEADERS: [(&str, &str); 5] = [
    ("Content-Security-Policy", POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cache-Control", "no-cache"),
];

const TEXT: &str = "text/plain; charset=utf-8";

pub struct Server {
    listener: TcpListener,
    port: u16,
    folder: Arc<Path>,
}

impl Server {
    /// Takes this port of 127.0.0.1, or the next that is free; of 0 the system makes any.
    pub fn bind(folder: &Path, port: u16) -> Result<Self> {
        let listener = listen(port)?;
        let port = listener.local_addr()?.port();
        Ok(Self { listener, port, folder: folder.into() })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Answers until the program ends.
    pub fn run(self) -> Result<()> {
        let handler = move |method: Method, uri: Uri| {
            let folder = Arc::clone(&self.folder);
            async move { spawn_blocking(move || answer(&folder, &method, uri.path())).await.expect("an answer") }
        };
        Runtime::new()?.block_on(async {
            self.listener.set_nonblocking(true)?;
            let listener = tokio::net::TcpListener::from_std(self.listener)?;
            Ok(axum::serve(listener, Router::new().fallback(handler)).await?)
        })
    }
}

fn listen(first: u16) -> Result<TcpListener> {
    for port in first..=u16::MAX {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            done => return done.with_context(|| format!("port {port} cannot be served")),
        }
    }
    Err(anyhow!("no port from {first} on is free"))
}

struct Answer {
    status: StatusCode,
    kind: &'static str,
    body: Vec<u8>,
}

impl Answer {
    fn words(status: StatusCode, text: &str) -> Self {
        Self { status, kind: TEXT, body: format!("{text}\n").into_bytes() }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let allow = (self.status == StatusCode::METHOD_NOT_ALLOWED).then_some([(header::ALLOW, "GET, HEAD")]);
        (self.status, HEADERS, [(header::CONTENT_TYPE, self.kind)], allow, self.body).into_response()
    }
}

/// What is at an address, which has neither host nor query.
fn answer(folder: &Path, method: &Method, address: &str) -> Answer {
    if ![Method::GET, Method::HEAD].contains(method) {
        return Answer::words(StatusCode::METHOD_NOT_ALLOWED, "Files are all there is here: GET and HEAD.");
    }
    let found = locate(address).ok_or(io::Error::from(ErrorKind::NotFound));
    match found.and_then(|path| Ok((kind(&path), read(&folder.join(path))?))) {
        Ok((kind, body)) => Answer { status: StatusCode::OK, kind, body },
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Answer::words(StatusCode::NOT_FOUND, "There is no such file here.")
        }
        Err(error) => Answer::words(StatusCode::INTERNAL_SERVER_ERROR, &format!("This file cannot be read: {error}")),
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    if path.is_dir() { Err(ErrorKind::NotFound.into()) } else { fs::read(path) }
}

/// The path in the folder that an address means. It goes down only, by names of plain characters: nothing here is named
/// otherwise, so nothing is decoded.
fn locate(address: &str) -> Option<PathBuf> {
    let address = address.strip_prefix('/')?;
    let address = if address.is_empty() { "index.html" } else { address };
    let is_plain = |name: &str| {
        !name.is_empty()
            && !name.starts_with('.')
            && name.chars().all(|char| char.is_ascii_alphanumeric() || "-_.".contains(char))
    };
    address.split('/').map(|name| is_plain(name).then_some(name)).collect()
}

/// A file's type by its ending. What is in gzip stays so: no `Content-Encoding`, since the engine unpacks it.
fn kind(path: &Path) -> &'static str {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("webmanifest") => "application/manifest+json",
        Some("json") => "application/json",
        Some("gz") => "application/gzip",
        Some("txt") => TEXT,
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::thread;
    use std::time::Duration;

    use tempfile::TempDir;

    use super::*;
    use crate::page;

    const LENGTH: usize = 100_000;

    fn folder() -> TempDir {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("secret"), "secret").unwrap();
        let web = place.path().join("web");
        fs::create_dir_all(web.join("mnist")).unwrap();
        fs::write(web.join("index.html"), "<!doctype html>").unwrap();
        fs::write(web.join("mnist/images.gz"), vec![7; LENGTH]).unwrap();
        place
    }

    fn status(url: &str) -> u16 {
        answer(&folder().path().join("web"), &Method::GET, url).status.as_u16()
    }

    /// What the server sends for a request: the head, in small letters, and the body.
    fn exchange(port: u16, method: &str, url: &str) -> (String, Vec<u8>) {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        write!(stream, "{method} {url} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let end = bytes.windows(4).position(|part| part == b"\r\n\r\n").expect("a head") + 4;
        let body = bytes.split_off(end);
        (String::from_utf8(bytes).unwrap().to_lowercase(), body)
    }

    #[test]
    fn a_taken_port_gives_way_to_the_next() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let server = Server::bind(Path::new("."), port).unwrap();
        assert!(server.port() > port, "{} for {port}", server.port());
    }

    /// A server of such a folder, and its port.
    fn serve() -> (TempDir, u16) {
        let place = folder();
        let server = Server::bind(&place.path().join("web"), 0).unwrap();
        let port = server.port();
        thread::spawn(move || server.run());
        (place, port)
    }

    #[test]
    fn files_are_sent_whole_with_their_length_and_every_header() {
        let (_place, port) = serve();
        let (head, body) = exchange(port, "GET", "/mnist/images.gz");
        assert!(head.starts_with("http/1.1 200 ") && body == vec![7; LENGTH], "{head}");
        assert!(head.contains("\r\ncontent-length: 100000\r\n") && !head.contains("content-encoding"), "{head}");
        assert!(head.contains("\r\ncontent-type: application/gzip\r\n"), "{head}");
        for (name, value) in HEADERS {
            assert!(head.contains(&format!("\r\n{name}: {value}\r\n").to_lowercase()), "{name} of {head}");
        }
        let (head, body) = exchange(port, "HEAD", "/mnist/images.gz");
        assert!(head.starts_with("http/1.1 200 ") && head.contains("\r\ncontent-length: 100000\r\n"), "{head}");
        assert!(body.is_empty());
    }

    #[test]
    fn what_is_not_served_is_told_in_words() {
        let (_place, port) = serve();
        let (head, body) = exchange(port, "POST", "/");
        assert!(head.starts_with("http/1.1 405 ") && head.contains("\r\nallow: get, head\r\n"), "{head}");
        assert_eq!(body, b"Files are all there is here: GET and HEAD.\n");
        let (head, body) = exchange(port, "GET", "/none");
        assert!(head.starts_with("http/1.1 404 "), "{head}");
        assert_eq!(body, b"There is no such file here.\n");
    }

    /// Browsers open several connections at once and keep them; none may wait for another to close.
    #[test]
    fn every_connection_that_is_kept_open_gets_its_answers() {
        let (_place, port) = serve();
        let mut kept: Vec<TcpStream> =
            (0..32).map(|_| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap()).collect();
        for _ in 0..2 {
            for stream in &mut kept {
                write!(stream, "HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
            }
            for stream in &mut kept {
                stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
                let mut start = [0; 12];
                stream.read_exact(&mut start).expect("an answer");
                assert_eq!(&start, b"HTTP/1.1 200");
                let mut rest = [0; 4096];
                assert!(stream.read(&mut rest).unwrap() < rest.len());
            }
        }
    }

    #[test]
    fn the_folder_itself_is_the_page_and_a_query_means_nothing() {
        let (_place, port) = serve();
        for address in ["/", "/index.html", "/?model=mine", "/index.html?a=/../b"] {
            let (head, body) = exchange(port, "GET", address);
            assert!(head.starts_with("http/1.1 200 ") && body == b"<!doctype html>", "{address}: {head}");
        }
    }

    #[test]
    fn no_address_leads_out_of_the_folder() {
        let outward = ["/../secret", "/mnist/../../secret", "/%2e%2e/secret", "/..%2fsecret", "/..\\secret"];
        for url in outward.into_iter().chain([
            "//secret",
            "/mnist",
            "/mnist/",
            "/index.html/",
            "/C:/secret",
            "secret",
            "*",
            "",
        ]) {
            assert_eq!(status(url), 404, "{url}");
        }
    }

    #[test]
    fn every_file_has_its_type() {
        for (name, expected) in [
            ("index.html", "text/html; charset=utf-8"),
            ("page.js", "text/javascript"),
            ("style.css", "text/css"),
            ("digits_web_bg.wasm", "application/wasm"),
            ("icon.svg", "image/svg+xml"),
            ("digits.webmanifest", "application/manifest+json"),
            ("known-images.gz", "application/gzip"),
            ("model.safetensors", "application/octet-stream"),
        ] {
            assert_eq!(kind(Path::new(name)), expected, "{name}");
        }
    }

    /// One policy is written down in three places, each of which a host may use.
    #[test]
    fn the_page_and_the_container_have_the_same_policy() {
        let spaceless = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let text = |name: &str| spaceless(&fs::read_to_string(page::repository().join(name)).unwrap());
        let dockerfile = text("web/Dockerfile");
        for (name, value) in HEADERS {
            assert!(dockerfile.contains(&format!("{name} = \"{value}\"")), "{name} in web/Dockerfile");
        }
        let html = text("web/page/index.html");
        let in_page = POLICY.strip_suffix("; frame-ancestors 'none'").unwrap();
        assert!(html.contains(&format!("content=\"{in_page}\"")), "the policy in web/page/index.html");
    }
}
