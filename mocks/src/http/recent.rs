//! Tables that keep what is newest, bounded in number and in bytes, for what passes by itself.

use std::collections::VecDeque;
use std::hash::Hash;

use rustc_hash::FxHashMap;
use serde_json::{Map, Value};

/// What a table holds at most, in bytes.
pub(super) const MOST_BYTES: usize = 64 << 20;

/// Something whose size on the heap is not the same for all.
pub(super) trait Bulky {
    /// About how many bytes it takes beside its own size.
    fn heap_bytes(&self) -> usize;
}

/// Entries in the order in which their keys came; the oldest make room.
#[derive(Debug)]
pub(super) struct Recent<K, V> {
    entries: FxHashMap<K, (u64, V)>,
    /// Keys with the turn of their entry; whatever was taken meanwhile has no such turn any more.
    order: VecDeque<(u64, K)>,
    turn: u64,
    bytes: usize,
    most: usize,
}

impl<K, V> Recent<K, V> {
    /// A table of at most so many entries.
    pub(super) fn of(most: usize) -> Self {
        Self {
            entries: FxHashMap::default(),
            order: VecDeque::new(),
            turn: 0,
            bytes: 0,
            most,
        }
    }
}

impl<K: Hash + Eq + Copy, V: Bulky> Recent<K, V> {
    /// Sets an entry.
    pub(super) fn put(&mut self, key: K, value: V) {
        self.bytes += Self::weight(&value);
        if let Some((_, kept)) = self.entries.get_mut(&key) {
            self.bytes -= Self::weight(kept);
            *kept = value;
        } else {
            self.turn += 1;
            self.order.push_back((self.turn, key));
            self.entries.insert(key, (self.turn, value));
        }
        self.make_room();
    }

    /// An entry, if it is not forgotten.
    pub(super) fn get(&self, key: K) -> Option<&V> {
        self.entries.get(&key).map(|(_, value)| value)
    }

    /// Takes an entry out, if it is not forgotten.
    pub(super) fn take(&mut self, key: K) -> Option<V> {
        let (_, value) = self.entries.remove(&key)?;
        self.bytes -= Self::weight(&value);
        // Turns of what was taken are cleared away once they are more than the others.
        if self.order.len() > 64 + 2 * self.entries.len() {
            let entries = &self.entries;
            self.order
                .retain(|(turn, key)| entries.get(key).is_some_and(|(of, _)| of == turn));
        }
        Some(value)
    }

    fn make_room(&mut self) {
        while (self.entries.len() > self.most || self.bytes > MOST_BYTES)
            && let Some((turn, key)) = self.order.pop_front()
        {
            if self.entries.get(&key).is_some_and(|(of, _)| *of == turn) {
                self.take(key);
            }
        }
    }

    fn weight(value: &V) -> usize {
        size_of::<(K, V)>() + value.heap_bytes()
    }
}

impl<V: Bulky> Recent<u32, V> {
    /// Keeps a thing under a number that none had before, which is answered.
    pub(super) fn add(&mut self, thing: V) -> u32 {
        let number = self.turn as u32;
        self.put(number, thing);
        number
    }
}

impl Bulky for String {
    fn heap_bytes(&self) -> usize {
        self.len()
    }
}

impl<T: Bulky> Bulky for Option<T> {
    fn heap_bytes(&self) -> usize {
        self.as_ref().map_or(0, Bulky::heap_bytes)
    }
}

impl Bulky for Value {
    fn heap_bytes(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) => 0,
            Self::String(text) => text.len(),
            Self::Array(values) => {
                let each = |value: &Self| size_of::<Self>() + value.heap_bytes();
                values.iter().map(each).sum()
            }
            Self::Object(fields) => fields.heap_bytes(),
        }
    }
}

impl Bulky for Map<String, Value> {
    fn heap_bytes(&self) -> usize {
        let field = |(name, value): (&String, &Value)| {
            size_of::<(String, Value)>() + name.len() + value.heap_bytes()
        };
        self.iter().map(field).sum()
    }
}

impl Bulky for crate::stytch::LoginToken {
    fn heap_bytes(&self) -> usize {
        0
    }
}

impl Bulky for () {
    fn heap_bytes(&self) -> usize {
        0
    }
}

impl Bulky for crate::auth0::UserId {
    fn heap_bytes(&self) -> usize {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_make_room_for_number() {
        let mut recent = Recent::of(3);
        for key in 0..5_u32 {
            recent.put(key, key.to_string());
        }
        recent.put(2, "again".to_owned());
        recent.put(5, String::new());
        let kept: Vec<u32> = (0..6).filter(|key| recent.get(*key).is_some()).collect();
        assert_eq!(kept, [3, 4, 5], "a new value makes nobody younger");
    }

    #[test]
    fn the_oldest_make_room_for_bytes() {
        let mut recent = Recent::of(1000);
        for key in 0..200_u32 {
            recent.put(key, "x".repeat(1 << 20));
        }
        let kept = (0..200).filter(|key| recent.get(*key).is_some()).count();
        assert!((60..=64).contains(&kept), "{kept} megabytes are kept");
        assert!(recent.get(199).is_some());
        recent.put(200, "x".repeat(MOST_BYTES + 1));
        assert!(recent.get(200).is_none(), "too large by itself");
        assert_eq!((recent.bytes, recent.order.len()), (0, 0));
    }

    #[test]
    fn what_is_taken_leaves_nothing_behind() {
        let mut recent = Recent::of(1000);
        recent.put(u32::MAX, String::new());
        for _ in 0..10_000 {
            let number = recent.add("thing".to_owned());
            assert_eq!(recent.take(number).as_deref(), Some("thing"));
            assert_eq!(recent.take(number), None);
        }
        assert!(recent.order.len() < 100);
        assert_ne!(recent.add(String::new()), 0, "numbers are given once");
    }
}
