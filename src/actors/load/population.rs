//! Who there is to write and to be written to: domains by a rule, and in each of them users by a rule.
//!
//! Nothing is listed: a domain is a group and a number, a user a number more, and its address is made
//! when it is needed.

use std::fmt::Write;
use std::sync::Arc;

use super::spread::Spread;
use crate::engine::Stream;
use crate::store::mailbox::NumberedUsers;

/// All groups of domains, by weight.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Population {
    groups: Vec<Group>,
    /// The weights of the groups, each with those before it.
    sums: Vec<f64>,
}

/// Domains that differ in their names alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// What they are called.
    pub names: Names,
    /// Which of them is drawn how often.
    pub domains: Spread,
    /// Who is in each.
    pub users: Users,
    /// How often one of this group is drawn, against other groups.
    pub weight: f64,
}

/// The names of a group's domains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    pattern: Arc<str>,
    tlds: u32,
}

/// The users of a domain.
#[derive(Debug, Clone, PartialEq)]
pub enum Users {
    /// By number.
    Numbered(NumberedUsers, Spread),
    /// These local parts.
    Named(Arc<[String]>, Spread),
}

/// A domain of the population.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DomainId {
    /// The place of its group.
    pub group: u32,
    /// Its number in the group, from 1.
    pub number: u32,
}

/// An address of the population.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Person {
    /// Where.
    pub domain: DomainId,
    /// The number of the user, from 1; 0: somebody who does not exist.
    pub user: u32,
}

impl Names {
    /// `{n}` in the pattern stands for the number, `{t}` for a number from 1 to `tlds` that goes round
    /// with it.
    pub fn new(pattern: &str, tlds: u32) -> Self {
        Names { pattern: pattern.into(), tlds: tlds.max(1) }
    }

    /// The pattern.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// The name of one.
    pub fn of(&self, number: u32) -> String {
        let mut name = String::with_capacity(self.pattern.len() + 8);
        self.write(number, &mut name);
        name
    }

    fn write(&self, number: u32, to: &mut String) {
        let mut rest = &*self.pattern;
        while let Some(open) = rest.find('{') {
            to.push_str(&rest[..open]);
            let (value, length) = match &rest[open..] {
                with if with.starts_with("{n}") => (number, 3),
                with if with.starts_with("{t}") => (1 + (number - 1) % self.tlds, 3),
                _ => break,
            };
            write!(to, "{value}").expect("a String takes everything");
            rest = &rest[open + length..];
        }
        to.push_str(rest);
    }
}

impl Users {
    /// How many there are.
    pub fn count(&self) -> u64 {
        match self {
            Users::Numbered(users, _) => u64::from(users.count),
            Users::Named(names, _) => names.len() as u64,
        }
    }

    /// The number of one of them; 0 where there is none.
    pub fn draw(&self, draws: &mut Stream) -> u32 {
        let spread = match self {
            Users::Numbered(_, spread) | Users::Named(_, spread) => spread,
        };
        match self.count() {
            0 => 0,
            _ => u32::try_from(spread.draw(draws)).expect("users are numbered by 32 bits"),
        }
    }
}

impl Population {
    /// The population of these groups. One at least has a weight.
    pub fn new(groups: Vec<Group>) -> Self {
        let mut sum = 0.0;
        let sums = groups.iter().map(|group| {
            sum += group.weight;
            sum
        });
        Population { sums: sums.collect(), groups }
    }

    /// The groups.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// A domain, by weight.
    pub fn draw(&self, draws: &mut Stream) -> DomainId {
        let place = match self.groups.len() {
            1 => 0,
            _ => {
                let all = self.sums.last().copied().unwrap_or_default();
                let drawn = draws.unit() * all;
                let place = self.sums.partition_point(|sum| *sum <= drawn);
                // Rounding may lead beyond the last that has a weight.
                let has_weight = |place: &usize| self.groups[*place].weight > 0.0;
                (0..self.groups.len()).rfind(has_weight).unwrap_or(0).min(place)
            }
        };
        self.draw_in(place, draws)
    }

    /// A domain of the group at that place.
    pub fn draw_in(&self, place: usize, draws: &mut Stream) -> DomainId {
        let number = self.groups[place].domains.draw(draws);
        DomainId {
            group: u32::try_from(place).expect("few groups"),
            number: u32::try_from(number).expect("domains are numbered by 32 bits"),
        }
    }

    /// The users of a domain.
    pub fn users(&self, domain: DomainId) -> &Users {
        &self.groups[domain.group as usize].users
    }

    /// Writes the name of a domain behind what stands there.
    pub fn write_name(&self, domain: DomainId, to: &mut String) {
        self.groups[domain.group as usize].names.write(domain.number, to);
    }

    /// The name of a domain.
    pub fn name(&self, domain: DomainId) -> String {
        self.groups[domain.group as usize].names.of(domain.number)
    }

    /// The address of a person. Where nobody is meant, `nobody` tells one of them from another.
    pub fn address(&self, person: Person, nobody: u64) -> String {
        let group = &self.groups[person.domain.group as usize];
        let mut address = String::with_capacity(32);
        let written = match (person.user, &group.users) {
            (0, _) => write!(address, "nobody-{nobody}@"),
            (number, Users::Numbered(users, _)) => write!(address, "{}{number}@", users.prefix),
            (number, Users::Named(names, _)) => write!(address, "{}@", names[number as usize - 1]),
        };
        written.expect("a String takes everything");
        group.names.write(person.domain.number, &mut address);
        address
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seed;

    fn group(pattern: &str, count: u64, weight: f64) -> Group {
        let users = NumberedUsers { prefix: "user".into(), count: 5 };
        Group {
            names: Names::new(pattern, 3),
            domains: Spread::even(count),
            users: Users::Numbered(users, Spread::even(5)),
            weight,
        }
    }

    #[test]
    fn names_and_addresses_are_made_when_they_are_needed() {
        let names = Names::new("d{n}.t{t}", 3);
        assert_eq!(names.of(1), "d1.t1");
        assert_eq!(names.of(1_000), "d1000.t1");
        assert_eq!(names.of(3), "d3.t3");
        assert_eq!(Names::new("big.example", 1).of(1), "big.example");
        let named = Users::Named(["alice".to_owned()].into(), Spread::even(1));
        let named = Group { users: named, ..group("example.org", 1, 1.0) };
        let population = Population::new(vec![group("d{n}.example", 9, 1.0), named]);
        let address = |group, number, user| {
            population.address(Person { domain: DomainId { group, number }, user }, 7)
        };
        assert_eq!(address(0, 4, 2), "user2@d4.example");
        assert_eq!(address(0, 4, 0), "nobody-7@d4.example");
        assert_eq!(address(1, 1, 1), "alice@example.org");
    }

    #[test]
    fn groups_are_drawn_by_weight_and_never_without_one() {
        let groups = vec![group("a{n}", 2, 3.0), group("b{n}", 2, 0.0), group("c{n}", 2, 1.0)];
        let population = Population::new([groups, vec![group("z{n}", 2, 0.0)]].concat());
        let mut stream = Seed(1).stream("population");
        let mut counts = [0; 4];
        (0..4_000).for_each(|_| counts[population.draw(&mut stream).group as usize] += 1);
        assert_eq!((counts[1], counts[3]), (0, 0));
        assert!((2_850..3_150).contains(&counts[0]), "{counts:?}");
    }
}
