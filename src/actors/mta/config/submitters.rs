//! Who may submit.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::proto::smtp::Mailbox;
use crate::store::mailbox::NumberedUsers;

/// The users who may submit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Submitters {
    /// By login.
    pub named: BTreeMap<String, Submitter>,
    /// Those of domains whose users are called by number, by domain.
    pub numbered: BTreeMap<String, NumberedSubmitters>,
}

/// A user who may submit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitter {
    /// The password.
    pub password: String,
    /// The addresses the user may send from.
    pub addresses: Vec<Mailbox>,
}

/// Users of a domain who are called by number. Each may send from the address that is the login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberedSubmitters {
    /// Who they are.
    pub users: NumberedUsers,
    /// The password of each.
    pub password: Arc<str>,
    /// The login of a gateway, which may send from every address of the domain.
    pub gateway: Arc<str>,
}

/// From where a login may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Own<'a> {
    /// From these addresses.
    Addresses(&'a [Mailbox]),
    /// From the address that is the login.
    Login,
    /// From every address of this domain.
    Domain(&'a str),
}

impl Submitters {
    /// The password of a login.
    pub fn password(&self, login: &str) -> Option<&str> {
        if let Some(named) = self.named.get(login) {
            return Some(&named.password);
        }
        self.numbered(login).map(|(of, _)| &*of.password)
    }

    /// From where a login may send; `None` where nobody has it.
    pub fn own(&self, login: &str) -> Option<Own<'_>> {
        if let Some(named) = self.named.get(login) {
            return Some(Own::Addresses(&named.addresses));
        }
        self.numbered(login).map(|(_, own)| own)
    }

    fn numbered(&self, login: &str) -> Option<(&NumberedSubmitters, Own<'_>)> {
        if self.numbered.is_empty() {
            return None;
        }
        let (local_part, domain) = login.rsplit_once('@')?;
        let (domain, of) = self.numbered.get_key_value(domain)?;
        if local_part == &*of.gateway {
            return Some((of, Own::Domain(domain)));
        }
        of.users.number(local_part).map(|_| (of, Own::Login))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_users_and_the_gateway_of_their_domain_may_submit() {
        let numbered = NumberedSubmitters {
            users: NumberedUsers { prefix: "user".into(), count: 3 },
            password: "secret".into(),
            gateway: "gateway".into(),
        };
        let named = Submitter { password: "own".into(), addresses: Vec::new() };
        let submitters = Submitters {
            named: BTreeMap::from([("user2@example.org".into(), named)]),
            numbered: BTreeMap::from([("example.org".into(), numbered)]),
        };
        assert_eq!(submitters.own("user1@example.org"), Some(Own::Login));
        assert_eq!(submitters.own("gateway@example.org"), Some(Own::Domain("example.org")));
        assert_eq!(submitters.own("user2@example.org"), Some(Own::Addresses(&[])));
        assert_eq!(submitters.password("user2@example.org"), Some("own"));
        assert_eq!(submitters.password("user3@example.org"), Some("secret"));
        for nobody in ["user4@example.org", "user1@example.com", "user1", "gateway"] {
            assert_eq!(submitters.own(nobody), None, "{nobody}");
            assert_eq!(submitters.password(nobody), None, "{nobody}");
        }
    }
}
