//! What the mocks mail: codes, links and reset tokens, kept for whoever plays the person who reads them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use rustc_hash::FxHashMap;

use super::recent::{Bulky, MOST_BYTES};
use serde::{Deserialize, Serialize};

/// One mail or text message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The address or number that it went to.
    pub to: String,
    /// Who sent it: `auth0` or `stytch`.
    pub from: String,
    /// What it is for, e.g. `magic_link`, `code`, `reset`.
    pub subject: String,
    /// The code or token in it.
    pub token: String,
    /// The link in it, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// The mailboxes of all people, shared by the servers of one process. Cheap to clone. The oldest
/// mails of all are thrown away once there are [`Mailbox::CAPACITY`], or 64 MB of them.
#[derive(Clone, Debug, Default)]
pub struct Mailbox(Arc<Mutex<Mails>>);

#[derive(Debug, Default)]
struct Mails {
    by_address: FxHashMap<String, VecDeque<Message>>,
    /// Addresses in the order in which their mails came.
    order: VecDeque<String>,
    bytes: usize,
}

impl Bulky for Message {
    fn heap_bytes(&self) -> usize {
        let texts = [&self.from, &self.subject, &self.token];
        let texts: usize = texts.map(String::len).iter().sum();
        // The address stands in the message, in the order and where the messages are found.
        size_of::<Self>() + 3 * self.to.len() + texts + self.link.heap_bytes()
    }
}

impl Mails {
    fn throw_oldest(&mut self) {
        if let Some(oldest) = self.order.pop_front()
            && let Some(box_) = self.by_address.get_mut(&oldest)
        {
            let thrown = box_.pop_front();
            self.bytes -= thrown.map_or(0, |message| message.heap_bytes());
            if box_.is_empty() {
                self.by_address.remove(&oldest);
            }
        }
    }
}

impl Mailbox {
    /// Mails kept at most.
    pub const CAPACITY: usize = 100_000;

    /// Puts a message into its mailbox.
    pub fn deliver(&self, message: Message) {
        let mut mails = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = message.heap_bytes();
        if bytes > MOST_BYTES {
            return;
        }
        mails.bytes += bytes;
        while mails.order.len() >= Self::CAPACITY || mails.bytes > MOST_BYTES {
            mails.throw_oldest();
        }
        let to = message.to.to_lowercase();
        mails.order.push_back(to.clone());
        mails.by_address.entry(to).or_default().push_back(message);
    }

    /// Throws everything away.
    pub fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Mails::default();
    }

    /// The messages to an address, letter case aside, newest first.
    pub fn of(&self, to: &str) -> Vec<Message> {
        let mails = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = mails.by_address.get(&to.to_lowercase());
        found.map_or_else(Vec::new, |messages| {
            messages.iter().rev().cloned().collect()
        })
    }

    /// `GET /_cutover/mail?to=<address>`: that person's messages, newest first. Needs no
    /// authentication and no stamp: it is no part of any provider.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/_cutover/mail", get(read))
            .with_state(self.clone())
    }
}

/// Whose mails.
#[derive(Debug, Deserialize)]
struct Whose {
    to: String,
}

async fn read(State(mailbox): State<Mailbox>, Query(whose): Query<Whose>) -> impl IntoResponse {
    let messages = serde_json::json!({ "messages": mailbox.of(&whose.to) });
    ([(CONTENT_TYPE, "application/json")], messages.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(to: &str, token: usize) -> Message {
        Message {
            to: to.to_owned(),
            from: "stytch".to_owned(),
            subject: "code".to_owned(),
            token: token.to_string(),
            link: None,
        }
    }

    #[test]
    fn mails_are_read_newest_first_by_their_owner_alone() {
        let mailbox = Mailbox::default();
        for (token, to) in ["ada@home.example", "bob@home.example", "Ada@home.example"]
            .into_iter()
            .enumerate()
        {
            mailbox.deliver(message(to, token));
        }
        let tokens: Vec<String> = mailbox
            .of("ADA@home.example")
            .into_iter()
            .map(|message| message.token)
            .collect();
        assert_eq!(tokens, ["2", "0"]);
        assert!(mailbox.of("eve@home.example").is_empty());
    }

    #[test]
    fn long_mails_are_fewer() {
        let mailbox = Mailbox::default();
        for token in 0..200 {
            let link = Some("x".repeat(1 << 20));
            let long = message("ada@home.example", token);
            mailbox.deliver(Message { link, ..long });
        }
        let kept = mailbox.of("ada@home.example");
        assert!((60..64).contains(&kept.len()), "{} are kept", kept.len());
        assert_eq!(kept[0].token, "199");
    }

    #[test]
    fn the_oldest_mail_makes_room() {
        let mailbox = Mailbox::default();
        mailbox.deliver(message("ada@home.example", 0));
        for token in 0..Mailbox::CAPACITY {
            mailbox.deliver(message("bob@home.example", token));
        }
        assert!(mailbox.of("ada@home.example").is_empty());
        assert_eq!(mailbox.of("bob@home.example").len(), Mailbox::CAPACITY);
    }
}
