//! A door between the child and the simulated API that tells of the first write and holds it back until it is told to go
//! on: so a test can act just while a request is in flight, without waiting for time to pass.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

/// A door that holds the first invitation.
pub(crate) struct Tee {
    /// Where the child is to be pointed.
    pub(crate) base_url: String,
    arrived: Receiver<()>,
    go_on: Sender<()>,
}

impl Tee {
    /// Opens a door before a server on this machine.
    pub(crate) fn before(origin: &str) -> Self {
        let server = origin.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let (arrive, arrived) = channel();
        let (go_on, told) = channel();
        let gate = Arc::new(Mutex::new(Some((arrive, told))));
        // The thread ends with the test's process.
        drop(thread::spawn(move || {
            for line in listener.incoming().flatten() {
                let Ok(behind) = TcpStream::connect(&server) else { continue };
                let (back, front) = (behind.try_clone().unwrap(), line.try_clone().unwrap());
                let gate = Arc::clone(&gate);
                drop(thread::spawn(move || drop(there(line, behind, &gate))));
                drop(thread::spawn(move || drop(pass(back, front))));
            }
        }));
        Self { base_url, arrived, go_on }
    }

    /// Waits until the first invitation is on its way.
    pub(crate) fn wait_for_invitation(&self) {
        self.arrived.recv().expect("an invitation comes");
    }

    /// Lets the invitation arrive.
    pub(crate) fn release(&self) {
        self.go_on.send(()).expect("it is held");
    }
}

type Gate = Mutex<Option<(Sender<()>, Receiver<()>)>>;

fn there(mut from: TcpStream, mut to: TcpStream, gate: &Gate) -> io::Result<()> {
    let mut buffer = [0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            return to.shutdown(Shutdown::Write);
        }
        if buffer[..read].starts_with(b"POST ") {
            let held = gate.lock().unwrap().take();
            if let Some((arrive, told)) = held {
                // Where the test ended without a word there is nothing to go on with.
                if arrive.send(()).is_err() || told.recv().is_err() {
                    return from.shutdown(Shutdown::Both);
                }
            }
        }
        to.write_all(&buffer[..read])?;
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream) -> io::Result<()> {
    io::copy(&mut from, &mut to)?;
    to.shutdown(Shutdown::Both)
}
