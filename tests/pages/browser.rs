//! Pages in a headless Chromium: nothing of the data runs, nothing is fetched, nothing is complained of; and what they look like is kept.
//!
//! Where no Chromium is installed these tests say so on stderr and prove nothing; what CI runs installs it. The pictures are left under the
//! target folder's `tmp/pages`, to be looked at.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::thread;

use super::hostile::{CORPUS, poisoned_client_page, poisoned_fleet, poisoned_page};
use super::sample::{client_page, fleet_page, make, make_troubled};

/// What a page that runs scripts makes of its title.
const CANARY: &str = "<title>CANARY</title>";

/// A browser that can reach nothing but a server of ours, which hears of all that is asked for.
struct Watch {
    server: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    home: tempfile::TempDir,
}

/// What a browser did with a page.
#[derive(Debug)]
struct Seen {
    /// The page as it stood after all scripts that ran.
    dom: String,
    /// What was written to the console.
    console: Vec<String>,
    /// What was asked for, over the network: the first line of each request.
    requests: Vec<String>,
}

impl Watch {
    /// Starts to watch, where there is a browser.
    fn start(test: &str) -> Option<Self> {
        let found = Command::new("chromium").arg("--version").output();
        if !found.is_ok_and(|found| found.status.success()) {
            // Not by the macros: the harness would keep what a test that passes says to itself.
            let told =
                writeln!(std::io::stderr(), "\n!!! SKIPPED, NOTHING IS PROVEN: {test}: no `chromium` is installed\n");
            told.unwrap();
            return None;
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (server, asked) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
        let heard = Arc::clone(&asked);
        // The thread ends with the test's process. Whatever is asked for is written down and refused.
        drop(thread::spawn(move || {
            for mut line in listener.incoming().flatten() {
                let mut request = String::new();
                drop(BufReader::new(&mut line).read_line(&mut request));
                heard.lock().unwrap().push(request.trim_end().to_owned());
                drop(line.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
            }
        }));
        Some(Self { server, asked, home: tempfile::tempdir().unwrap() })
    }

    fn run(&self, page: &Path, more: &[String]) -> Output {
        let proxy = self.server;
        let profile = tempfile::tempdir_in(self.home.path()).unwrap();
        let mut command = Command::new("timeout");
        // A browser that hangs is killed, so that a test ends.
        command.args([
            "--signal=KILL",
            "120",
            "chromium",
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
        ]);
        command.args([
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ]);
        command.args(["--disable-default-apps", "--disable-extensions", "--no-pings", "--hide-scrollbars"]);
        command.args([
            "--disable-domain-reliability",
            "--disable-client-side-phishing-detection",
            "--no-default-browser-check",
        ]);
        command.args(["--enable-logging=stderr", "--v=0", "--disable-dev-shm-usage"]);
        command.arg(format!("--user-data-dir={}", profile.path().display()));
        // Names resolve to nothing, and whatever is asked for goes to our server, names that never were included.
        command.arg(format!("--proxy-server=http://{proxy}")).arg("--proxy-bypass-list=<-loopback>");
        command.env("HOME", self.home.path()).env("XDG_RUNTIME_DIR", self.home.path()).args(more);
        command.arg(format!("file://{}", page.display())).output().unwrap()
    }

    /// Lets a browser show a page, run what it will for a while of its own time, and tells what it did.
    fn look(&self, name: &str, html: &str) -> Seen {
        let page = self.home.path().join(format!("{name}.html"));
        fs::write(&page, html).unwrap();
        let output = self.run(&page, &["--dump-dom".to_owned(), "--virtual-time-budget=5000".to_owned()]);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{told}");
        let console = told.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect();
        Seen { dom: String::from_utf8_lossy(&output.stdout).into_owned(), console, requests: self.requests() }
    }

    /// Returns what pages asked for so far, and forgets it. A browser asks its makers for updates whatever it shows; no page of ours names them.
    fn requests(&self) -> Vec<String> {
        let all = std::mem::take(&mut *self.asked.lock().unwrap());
        all.into_iter().filter(|line| !line.contains(".google.com") && !line.contains(".googleapis.com")).collect()
    }

    /// Takes a picture of a page, as wide and high as a screen, in light or in dark.
    fn picture(&self, name: &str, html: &str, screen: (&str, u32, u32), dark: bool) {
        let (device, width, height) = screen;
        let page = self.home.path().join(format!("{name}.html"));
        fs::write(&page, html).unwrap();
        let to = kept().join(format!("{name}-{device}-{}.png", if dark { "dark" } else { "light" }));
        let output = self.run(
            &page,
            &[
                format!("--screenshot={}", to.display()),
                format!("--window-size={width},{height}"),
                format!("--blink-settings=preferredColorScheme={}", u8::from(!dark)),
            ],
        );
        assert!(output.status.success() && to.exists(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Prints a page.
    fn print(&self, name: &str, html: &str) {
        let page = self.home.path().join(format!("{name}.html"));
        fs::write(&page, html).unwrap();
        let to = kept().join(format!("{name}.pdf"));
        let output =
            self.run(&page, &[format!("--print-to-pdf={}", to.display()), "--no-pdf-header-footer".to_owned()]);
        assert!(output.status.success() && to.exists(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Where pages and pictures are kept.
fn kept() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn the_watch_sees_what_a_careless_page_does() {
    let Some(watch) = Watch::start("the_watch_sees_what_a_careless_page_does") else { return };
    let careless = |body: &str| format!("<!doctype html><title>t</title>{body}");
    let seen = watch.look("script", &careless(CORPUS[0]));
    assert!(seen.dom.contains(CANARY), "{seen:?}");
    let seen = watch.look("image", &careless("<img src=\"http://canary.example/i.png\">"));
    assert!(seen.requests.iter().any(|line| line.contains("canary.example")), "{seen:?}");
    let policy = "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'\"><script>1</script>";
    let seen = watch.look("refused", &careless(policy));
    assert!(!seen.console.is_empty(), "{seen:?}");
}

#[test]
fn nothing_that_was_told_runs_or_fetches_or_is_complained_of() {
    let Some(watch) = Watch::start("nothing_that_was_told_runs_or_fetches_or_is_complained_of") else { return };
    let fleet = poisoned_fleet();
    let mut pages = vec![("fleet".to_owned(), poisoned_page(&fleet, CORPUS[1]))];
    for (at, facts) in fleet.iter().enumerate().take(6) {
        pages.push((format!("client-{at}"), poisoned_client_page(facts, CORPUS[at + 2])));
    }
    pages.push(("matrix".to_owned(), fleet_page(&make_troubled(200, 60))));
    for (name, page) in pages {
        let seen = watch.look(&name, &page);
        assert!(seen.dom.contains("</html>") && !seen.dom.contains(CANARY), "{name}: a script ran");
        assert_eq!((seen.requests, seen.console), (Vec::new(), Vec::new()), "{name}");
        assert!(seen.dom.len() >= page.len() / 2, "{name}: all of it is there");
    }
}

#[test]
fn pages_are_pictured_on_a_phone_and_a_desk_in_light_and_in_dark_and_printed() {
    let Some(watch) = Watch::start("pages_are_pictured") else { return };
    let troubled = make_troubled(24, 12);
    let pages = [
        ("fleet-200x60", fleet_page(&make_troubled(200, 60))),
        ("fleet", fleet_page(&troubled)),
        ("client", client_page(&make(1, 6)[0])),
        ("client-in-part", client_page(&troubled[5])),
        ("injected", poisoned_page(&poisoned_fleet(), "Northwind")),
    ];
    for (name, page) in &pages {
        fs::write(kept().join(format!("{name}.html")), page).unwrap();
        for dark in [false, true] {
            watch.picture(name, page, ("phone", 390, 844), dark);
            watch.picture(name, page, ("desk", 1280, 900), dark);
        }
        watch.print(name, page);
    }
}
