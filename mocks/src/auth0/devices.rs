//! Logins of devices without a keyboard (RFC 8628): a code to type elsewhere, and polling until then.

use std::collections::VecDeque;

use super::call::UserId;
use crate::luck::Luck;
use crate::time::{Span, Timestamp};

/// Life of a device code: 900 s (Auth0 docs, device authorization flow).
pub const DEVICE_CODE_LIFE: Span = Span::from_secs(900);
/// How long a device waits between two polls: 5 s (same).
pub const POLL_INTERVAL: Span = Span::from_secs(5);

/// What a device asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceAsk {
    /// The application.
    pub client_id: String,
    /// `audience`.
    pub audience: Option<String>,
    /// `scope`.
    pub scope: String,
}

/// What has become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Pending,
    Approved(UserId),
    Denied,
    Taken,
}

#[derive(Clone, Debug)]
struct Device {
    ask: DeviceAsk,
    user_code: String,
    created: Timestamp,
    polled: Option<Timestamp>,
    state: State,
}

/// All devices whose login is under way.
#[derive(Clone, Debug, Default)]
pub struct Devices {
    first: u32,
    rows: VecDeque<Device>,
}

/// Devices kept at most.
const KEPT: usize = 10_000;

/// Why a poll brings no tokens (RFC 8628, section 3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotYet {
    /// Nobody has typed the code yet.
    #[error("the code was not typed yet")]
    Pending,
    /// The device polls too often.
    #[error("polled too often")]
    SlowDown,
    /// The code is too old.
    #[error("the code has expired")]
    Expired,
    /// The person said no.
    #[error("the person declined")]
    Denied,
    /// Nobody was given this code, or its tokens were taken.
    #[error("the code is unknown")]
    Unknown,
}

impl Devices {
    /// Begins a login; the number of its device code, and the code to type.
    pub fn begin(&mut self, ask: DeviceAsk, now: Timestamp, luck: Luck) -> (u32, String) {
        while self.rows.len() >= KEPT
            || self
                .rows
                .front()
                .is_some_and(|oldest| now >= oldest.created + DEVICE_CODE_LIFE * 2)
        {
            self.rows.pop_front();
            self.first = self.first.wrapping_add(1);
        }
        let user_code = user_code(luck);
        self.rows.push_back(Device {
            ask,
            user_code: user_code.clone(),
            created: now,
            polled: None,
            state: State::Pending,
        });
        (
            self.first.wrapping_add(self.rows.len() as u32 - 1),
            user_code,
        )
    }

    /// What the device whose code somebody types asks for, while it waits for that.
    pub fn typed(&self, user_code: &str, now: Timestamp) -> Option<(u32, &DeviceAsk)> {
        let typed = normal(user_code);
        let (place, device) = self.rows.iter().enumerate().rev().find(|(_, device)| {
            normal(&device.user_code) == typed
                && device.state == State::Pending
                && now < device.created + DEVICE_CODE_LIFE
        })?;
        Some((self.first.wrapping_add(place as u32), &device.ask))
    }

    /// The person who typed the code says yes or (nobody) no.
    pub fn decide(&mut self, number: u32, user: Option<UserId>) {
        if let Some(device) = self.row(number)
            && device.state == State::Pending
        {
            device.state = user.map_or(State::Denied, State::Approved);
        }
    }

    /// The device asks whether it may go on.
    pub fn poll(
        &mut self,
        number: u32,
        client_id: &str,
        now: Timestamp,
    ) -> Result<(UserId, DeviceAsk), NotYet> {
        let device = self
            .row(number)
            .filter(|device| device.ask.client_id == client_id)
            .ok_or(NotYet::Unknown)?;
        if now >= device.created + DEVICE_CODE_LIFE {
            return Err(NotYet::Expired);
        }
        let last = device.polled.replace(now);
        match device.state {
            State::Approved(user) => {
                device.state = State::Taken;
                Ok((user, device.ask.clone()))
            }
            State::Denied => Err(NotYet::Denied),
            State::Taken => Err(NotYet::Unknown),
            State::Pending if last.is_some_and(|last| now < last + POLL_INTERVAL) => {
                Err(NotYet::SlowDown)
            }
            State::Pending => Err(NotYet::Pending),
        }
    }

    fn row(&mut self, number: u32) -> Option<&mut Device> {
        self.rows.get_mut(number.wrapping_sub(self.first) as usize)
    }
}

/// Eight consonants in two groups: easy to type, and no words.
fn user_code(luck: Luck) -> String {
    const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
    let letter = |place| char::from(LETTERS[luck.split(place).below(20) as usize]);
    let group = |from: u64| (from..from + 4).map(letter).collect::<String>();
    format!("{}-{}", group(0), group(4))
}

/// Letter case and anything between the letters do not matter.
fn normal(code: &str) -> String {
    code.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_uppercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    fn begun() -> (Devices, u32, String) {
        let mut devices = Devices::default();
        let ask = DeviceAsk {
            client_id: "tv".to_owned(),
            audience: None,
            scope: "openid".to_owned(),
        };
        let (number, code) = devices.begin(ask, at(0), Luck(5));
        (devices, number, code)
    }

    #[test]
    fn a_device_polls_until_somebody_types_its_code() {
        let (mut devices, number, code) = begun();
        assert_eq!(devices.poll(number, "tv", at(1)), Err(NotYet::Pending));
        assert_eq!(devices.poll(number, "tv", at(2)), Err(NotYet::SlowDown));
        assert_eq!(devices.poll(number, "other", at(9)), Err(NotYet::Unknown));
        let typed = code.to_lowercase().replace('-', " ");
        assert_eq!(
            devices.typed(&typed, at(3)).map(|(found, _)| found),
            Some(number)
        );
        devices.decide(number, Some(UserId(4)));
        let (user, ask) = devices.poll(number, "tv", at(10)).unwrap();
        assert_eq!((user, ask.scope.as_str()), (UserId(4), "openid"));
        assert_eq!(devices.poll(number, "tv", at(20)), Err(NotYet::Unknown));
    }

    #[test]
    fn a_device_is_told_of_a_no_and_of_the_end() {
        let (mut devices, number, code) = begun();
        assert_eq!(devices.poll(number, "tv", at(900)), Err(NotYet::Expired));
        assert_eq!(devices.typed(&code, at(900)), None);
        let (mut devices, number, _) = begun();
        devices.decide(number, None);
        devices.decide(number, Some(UserId(1)));
        assert_eq!(devices.poll(number, "tv", at(1)), Err(NotYet::Denied));
    }
}
