//! Linked identities: several ways to log in that lead to one user (Auth0 docs, user account linking).

use std::collections::BTreeMap;

use super::call::UserId;

/// Which user each linked identity belongs to.
#[derive(Clone, Debug, Default)]
pub struct Links {
    /// By secondary identity: the primary one.
    primary: BTreeMap<UserId, UserId>,
    /// By primary identity: the secondary ones, in the order in which they were linked.
    linked: BTreeMap<UserId, Vec<UserId>>,
}

impl Links {
    /// The user that an identity leads to.
    pub fn user_of(&self, identity: UserId) -> UserId {
        self.primary.get(&identity).copied().unwrap_or(identity)
    }

    /// Whether an identity is a user of its own: linked ones are not.
    pub fn is_user(&self, identity: UserId) -> bool {
        !self.primary.contains_key(&identity)
    }

    /// The identities that were linked to a user.
    pub fn of(&self, user: UserId) -> &[UserId] {
        self.linked.get(&user).map_or(&[], Vec::as_slice)
    }

    /// Links an identity, with all that were linked to it, to a user. Nothing happens if it leads there
    /// already.
    pub fn link(&mut self, user: UserId, identity: UserId) {
        let user = self.user_of(user);
        if self.user_of(identity) == user {
            return;
        }
        self.unlink(identity);
        let brought = self.linked.remove(&identity).unwrap_or_default();
        for one in std::iter::once(identity).chain(brought) {
            self.primary.insert(one, user);
            self.linked.entry(user).or_default().push(one);
        }
    }

    /// Makes a linked identity a user of its own again; false if it is linked to nobody.
    pub fn unlink(&mut self, identity: UserId) -> bool {
        let Some(user) = self.primary.remove(&identity) else {
            return false;
        };
        if let Some(linked) = self.linked.get_mut(&user) {
            linked.retain(|one| *one != identity);
            if linked.is_empty() {
                self.linked.remove(&user);
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_flat_and_come_apart_again() {
        let mut links = Links::default();
        let [a, b, c] = [1, 2, 3].map(UserId);
        links.link(b, c);
        links.link(a, b);
        assert_eq!(links.of(a), [b, c], "those of the linked come along");
        assert_eq!([a, b, c].map(|id| links.user_of(id)), [a, a, a]);
        links.link(b, a);
        assert!(links.is_user(a), "no circles");
        assert!(links.unlink(b) && !links.unlink(b));
        assert_eq!((links.of(a), links.user_of(b)), ([c].as_slice(), b));
        assert!(links.unlink(c));
        assert_eq!(links.of(a), []);
    }
}
