//! Standard output kept clean: while a guard lives, what is printed there goes nowhere.
//!
//! Goose prints a line or two to standard output and has no switch for it; `--json` must stay JSON.

use std::io::{self, Write};

/// While it lives, nothing that is printed to standard output is seen.
#[derive(Debug)]
pub struct StdoutAside {
    #[cfg(unix)]
    kept: std::os::fd::OwnedFd,
}

#[cfg(unix)]
impl StdoutAside {
    /// Puts standard output aside.
    pub fn put() -> io::Result<Self> {
        io::stdout().flush()?;
        let kept = rustix::io::dup(rustix::stdio::stdout())?;
        let nowhere = std::fs::File::options().write(true).open("/dev/null")?;
        rustix::stdio::dup2_stdout(nowhere)?;
        Ok(Self { kept })
    }
}

#[cfg(unix)]
impl Drop for StdoutAside {
    fn drop(&mut self) {
        // Nothing better can be done if this fails: what comes later is then on standard error.
        let _ = io::stdout().flush();
        let _ = rustix::stdio::dup2_stdout(&self.kept);
    }
}

#[cfg(not(unix))]
impl StdoutAside {
    /// Elsewhere than on Unix standard output stays as it is.
    pub fn put() -> io::Result<Self> {
        io::stdout().flush()?;
        Ok(Self {})
    }
}
