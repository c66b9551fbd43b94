//! The program ends when it is asked to, busy or not, and says what is wrong where it cannot start.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::scene::Scratch;

/// The program, and where its tenant and its project listen.
struct Program {
    child: Child,
    addresses: Vec<String>,
    _out: BufReader<ChildStdout>,
    _scratch: Scratch,
}

impl Program {
    fn command(scratch: &Scratch) -> Command {
        std::fs::create_dir_all(&scratch.0).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_cutover-mocks"));
        command.current_dir(&scratch.0).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn start() -> Self {
        let scratch = Scratch::new();
        let anywhere = ["127.0.0.1:0"; 3];
        let mut child = Self::command(&scratch).args(anywhere).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut addresses = Vec::new();
        for line in out.by_ref().lines().map_while(Result::ok) {
            addresses.extend(line.split_once("http://").map(|(_, rest)| {
                let end = rest.find(|c: char| c != '.' && c != ':' && !c.is_ascii_digit());
                rest[..end.unwrap_or(rest.len())].to_owned()
            }));
            if addresses.len() == 3 {
                break;
            }
        }
        Self {
            child,
            addresses,
            _out: out,
            _scratch: scratch,
        }
    }

    fn ask(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).unwrap();
    }

    fn ended(mut self) -> (ExitStatus, String) {
        let mut said = String::new();
        let mut errors = self.child.stderr.take().unwrap();
        errors.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap(), said)
    }
}

#[test]
fn it_ends_when_it_is_asked_to_whoever_is_connected() {
    for signal in [Signal::INT, Signal::TERM] {
        let program = Program::start();
        let mut callers = Vec::new();
        for address in &program.addresses {
            let idle = TcpStream::connect(address).unwrap();
            let mut halfway = TcpStream::connect(address).unwrap();
            halfway
                .write_all(
                    b"POST /oauth/token HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n{",
                )
                .unwrap();
            let mut busy = TcpStream::connect(address).unwrap();
            let request = "GET /.well-known/jwks.json HTTP/1.1\r\nhost: localhost\r\n\r\n";
            busy.write_all(request.repeat(200).as_bytes()).unwrap();
            callers.extend([idle, halfway, busy]);
        }
        program.ask(signal);
        // Whoever asks twice does not wait for the calls under way. Asking once more until it has
        // ended is no error either.
        std::thread::sleep(Duration::from_millis(50));
        program.ask(signal);
        let (status, said) = program.ended();
        assert!(status.success(), "{signal:?}: {status}, {said}");
        assert_eq!(said, "", "{signal:?}");
        for mut caller in callers {
            caller
                .set_read_timeout(Some(Duration::from_secs(20)))
                .unwrap();
            // Answers or a reset, and then the end.
            let _ = caller.read_to_end(&mut Vec::new());
        }
    }
}

#[test]
fn what_keeps_it_from_starting_is_told() {
    let program = Program::start();
    let scratch = Scratch::new();
    let taken = Program::command(&scratch)
        .args([&program.addresses[0], "127.0.0.1:0", "127.0.0.1:0"])
        .output()
        .unwrap();
    let said = String::from_utf8(taken.stderr).unwrap();
    assert_eq!(taken.status.code(), Some(2), "{said}");
    assert!(said.contains("is already in use"), "{said}");

    // A file where the certificates should be, as root may write in any folder.
    std::fs::write(scratch.0.join("blocked"), "").unwrap();
    std::fs::remove_dir_all(scratch.0.join("cutover-mock-ca")).unwrap();
    std::fs::write(scratch.0.join("cutover-mock-ca"), "").unwrap();
    let blocked = Program::command(&scratch)
        .args(["127.0.0.1:0"; 3])
        .output()
        .unwrap();
    let said = String::from_utf8(blocked.stderr).unwrap();
    assert_eq!(blocked.status.code(), Some(2), "{said}");
    assert!(said.contains("cutover-mock-ca"), "{said}");
    program.ask(Signal::TERM);
    assert!(program.ended().0.success());
}
