//! The threads of THREAD: ORDEREDSUBJECT and REFERENCES (RFC 5256 §3), and REFS.
//!
//! REFS is REFERENCES without a look at subjects, in the order of arrival and not of sending; the
//! thread with the newest message comes last (draft-ietf-morg-inthread, and Dovecot).

use std::collections::BTreeMap;

use super::base_subject::BaseSubject;
use super::message::Message;
use super::parse::{Parsed, Parser, SyntaxError};
use super::sort::{base_subject, header, sent_date};
use crate::engine::UnixTime;
use crate::proto::mail::message_ids;

/// A `thread-alg`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThreadAlgorithm {
    /// `ORDEREDSUBJECT`: by subject and date
    OrderedSubject,
    /// `REFERENCES`: by who answers whom, and then by subject
    References,
    /// `REFS`: by who answers whom
    Refs,
}

impl ThreadAlgorithm {
    pub(crate) fn parse(parser: &mut Parser<'_>) -> Parsed<ThreadAlgorithm> {
        let word = parser.atom()?;
        let known = ALGORITHMS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
        known.map(|(_, algorithm)| *algorithm).ok_or(SyntaxError("a thread algorithm"))
    }
}

const ALGORITHMS: [(&str, ThreadAlgorithm); 3] = [
    ("ORDEREDSUBJECT", ThreadAlgorithm::OrderedSubject),
    ("REFERENCES", ThreadAlgorithm::References),
    ("REFS", ThreadAlgorithm::Refs),
];

/// Messages in threads, as a `thread-data` writes them after `THREAD` and a space. Each message
/// comes with the number that tells it, in the order of sequence numbers.
pub fn threads(algorithm: ThreadAlgorithm, messages: &[(u32, &Message)]) -> String {
    let forest = match algorithm {
        ThreadAlgorithm::OrderedSubject => Forest::by_subject(messages),
        ThreadAlgorithm::References => {
            let mut forest = Forest::by_references(messages, sent_date);
            forest.sort_siblings();
            forest.sort_roots(|dates| dates[0]);
            forest.merge_subjects(messages);
            forest.sort_siblings();
            forest.sort_roots(|dates| dates[0]);
            forest
        }
        ThreadAlgorithm::Refs => {
            let arrival = |message: &Message| message.internal_date.unix_time();
            let mut forest = Forest::by_references(messages, arrival);
            forest.sort_siblings();
            forest.sort_roots(|dates| *dates.iter().max().unwrap_or(&dates[0]));
            forest
        }
    };
    forest.written(messages)
}

/// Messages and who answers whom. Nodes are numbers: first the messages, then those that are
/// missing, which RFC 5256 calls dummies.
struct Forest {
    /// The parent, if there is one.
    parents: Vec<Option<usize>>,
    children: Vec<Vec<usize>>,
    /// Those without a parent.
    roots: Vec<usize>,
    /// Of the messages alone.
    dates: Vec<UnixTime>,
}

impl Forest {
    fn of(dates: Vec<UnixTime>) -> Forest {
        let count = dates.len();
        Forest {
            parents: vec![None; count],
            children: vec![Vec::new(); count],
            roots: Vec::new(),
            dates,
        }
    }

    fn is_missing(&self, node: usize) -> bool {
        node >= self.dates.len()
    }

    fn add_missing(&mut self) -> usize {
        self.parents.push(None);
        self.children.push(Vec::new());
        self.parents.len() - 1
    }

    /// ORDEREDSUBJECT: the first of a subject, and the others below it.
    fn by_subject(messages: &[(u32, &Message)]) -> Forest {
        let dates: Vec<_> = messages.iter().map(|(_, message)| sent_date(message)).collect();
        let mut subjects = BTreeMap::<String, Vec<usize>>::new();
        for (node, (_, message)) in messages.iter().enumerate() {
            subjects.entry(base_subject(header(message)).text).or_default().push(node);
        }
        let mut forest = Forest::of(dates);
        for mut nodes in subjects.into_values() {
            nodes.sort_by_key(|node| (forest.dates[*node], *node));
            let first = nodes.remove(0);
            forest.roots.push(first);
            forest.children[first] = nodes;
        }
        forest.sort_roots(|dates| dates[0]);
        forest
    }

    /// Steps 1 to 3 of REFERENCES.
    fn by_references(messages: &[(u32, &Message)], date: impl Fn(&Message) -> UnixTime) -> Forest {
        let mut forest = Forest::of(messages.iter().map(|(_, message)| date(message)).collect());
        let mut nodes = BTreeMap::new();
        let headers = || messages.iter().map(|(_, message)| header(message)).enumerate();
        // Of messages with the same Message-ID the first has it.
        for (node, header) in headers() {
            let id = header.field("Message-ID").map(|field| message_ids(field.raw_value()));
            if let Some(id) = id.and_then(|ids| ids.into_iter().next()) {
                nodes.entry(id).or_insert(node);
            }
        }
        for (node, header) in headers() {
            let ids = |name| header.field(name).map(|field| message_ids(field.raw_value()));
            let mut references = ids("References").unwrap_or_default();
            if references.is_empty() {
                references = ids("In-Reply-To").unwrap_or_default();
                references.truncate(1);
            }
            // (1) (A)
            let mut before = None;
            for id in references {
                let next = *nodes.entry(id).or_insert_with(|| forest.add_missing());
                if let Some(parent) = before
                    && forest.parents[next].is_none()
                {
                    forest.link(parent, next);
                }
                before = Some(next);
            }
            // (1) (B)
            if forest.parents[node] != before {
                forest.unlink(node);
                if let Some(parent) = before {
                    forest.link(parent, node);
                }
            }
        }
        // (2)
        let is_root = |node: &usize| forest.parents[*node].is_none();
        forest.roots = (0..forest.parents.len()).filter(is_root).collect();
        forest.prune();
        forest
    }

    /// Makes `child`, which has no parent, one of `parent`; unless that would make a circle.
    fn link(&mut self, parent: usize, child: usize) {
        // Who has no children is nobody's ancestor.
        let mut above = (!self.children[child].is_empty() || parent == child).then_some(parent);
        while let Some(node) = above {
            if node == child {
                return;
            }
            above = self.parents[node];
        }
        self.parents[child] = Some(parent);
        self.children[parent].push(child);
    }

    fn unlink(&mut self, child: usize) {
        if let Some(parent) = self.parents[child].take() {
            self.children[parent].retain(|other| *other != child);
        }
    }

    /// Step 3: takes missing messages out; their children move up, but to the root only a single
    /// one.
    fn prune(&mut self) {
        for node in self.bottom_up() {
            if self.children[node].iter().any(|child| self.is_missing(*child)) {
                let mut kept = Vec::new();
                for child in std::mem::take(&mut self.children[node]) {
                    match self.is_missing(child) {
                        true => kept.append(&mut self.children[child]),
                        false => kept.push(child),
                    }
                }
                self.children[node] = kept;
            }
        }
        let roots = std::mem::take(&mut self.roots);
        self.roots = (roots.into_iter())
            .filter_map(|root| match self.children[root].as_slice() {
                _ if !self.is_missing(root) => Some(root),
                [] => None,
                [only] => Some(*only),
                _ => Some(root),
            })
            .collect();
        // From here on, nobody looks at parents.
        self.parents = Vec::new();
    }

    /// All nodes under the roots, each after its children.
    fn bottom_up(&self) -> Vec<usize> {
        let mut order = self.roots.clone();
        let mut next = 0;
        while let Some(node) = order.get(next) {
            order.extend(&self.children[*node]);
            next += 1;
        }
        order.reverse();
        order
    }

    /// Sorts the roots by their threads' dates, of which `which` tells the one that counts; then
    /// by sequence number. The first date is that of the root, or of its first child: a missing
    /// message at the root has children.
    fn sort_roots(&mut self, which: impl Fn(&[UnixTime]) -> UnixTime) {
        let mut roots = std::mem::take(&mut self.roots);
        roots.sort_by_cached_key(|root| {
            let first = match self.is_missing(*root) {
                false => *root,
                true => self.children[*root][0],
            };
            let mut dates = vec![self.dates[first]];
            let mut waiting = vec![*root];
            while let Some(node) = waiting.pop() {
                dates.extend(self.dates.get(node));
                waiting.extend(&self.children[node]);
            }
            (which(&dates), first)
        });
        self.roots = roots;
    }

    /// Step 6: sorts all that are children of one by their dates.
    fn sort_siblings(&mut self) {
        for siblings in &mut self.children {
            siblings.sort_by_key(|node| (self.dates[*node], *node));
        }
    }

    /// Step 5: makes threads with the same base subject one.
    fn merge_subjects(&mut self, messages: &[(u32, &Message)]) {
        let subjects: Vec<BaseSubject> = (self.roots.iter())
            .map(|root| {
                let first = match self.is_missing(*root) {
                    false => *root,
                    true => self.children[*root][0],
                };
                base_subject(header(messages[first].1))
            })
            .collect();
        // (A), (B): by subject, the place in `roots` of the one that keeps the others.
        let mut table = BTreeMap::<&str, usize>::new();
        for (place, subject) in subjects.iter().enumerate().filter(|(_, one)| !one.text.is_empty())
        {
            let kept = table.entry(&subject.text).or_insert(place);
            let (this, that) = (self.roots[place], self.roots[*kept]);
            let comes_before =
                self.is_missing(this) || (!subject.is_reply && subjects[*kept].is_reply);
            if !self.is_missing(that) && comes_before {
                *kept = place;
            }
        }
        // (C): what stands for each root of the table, a new one once two had to be made equal.
        let mut merged: Vec<Option<usize>> = self.roots.iter().copied().map(Some).collect();
        for (place, subject) in subjects.iter().enumerate() {
            let Some(&kept) = table.get(subject.text.as_str()).filter(|kept| **kept != place)
            else {
                continue;
            };
            let (Some(this), Some(that)) = (merged[place].take(), merged[kept]) else { continue };
            match (self.is_missing(this), self.is_missing(that)) {
                (true, true) => {
                    let mut children = std::mem::take(&mut self.children[this]);
                    self.children[that].append(&mut children);
                }
                (false, true) => self.children[that].push(this),
                (false, false) if subject.is_reply && !subjects[kept].is_reply => {
                    self.children[that].push(this);
                }
                _ => {
                    let above = self.add_missing_root(this, that);
                    merged[kept] = Some(above);
                }
            }
        }
        self.roots = merged.into_iter().flatten().collect();
    }

    fn add_missing_root(&mut self, this: usize, that: usize) -> usize {
        self.children.push(vec![that, this]);
        self.children.len() - 1
    }

    /// The threads, each in parentheses.
    fn written(&self, messages: &[(u32, &Message)]) -> String {
        use std::fmt::Write as _;
        enum Step {
            /// A node that follows an opening parenthesis or, as an only child, its parent.
            Node(usize, &'static str),
            Close,
        }
        let mut text = String::new();
        let mut steps = Vec::new();
        let open = |steps: &mut Vec<Step>, nodes: &[usize]| {
            for node in nodes.iter().rev() {
                steps.extend([Step::Close, Step::Node(*node, "(")]);
            }
        };
        open(&mut steps, &self.roots);
        while let Some(step) = steps.pop() {
            let (node, before) = match step {
                Step::Close => {
                    text.push(')');
                    continue;
                }
                Step::Node(node, before) => (node, before),
            };
            text.push_str(before);
            if let Some((number, _)) = messages.get(node) {
                write!(text, "{number}").expect("a string takes all");
            }
            match self.children[node].as_slice() {
                [] => {}
                [only] => steps.push(Step::Node(*only, " ")),
                several => {
                    if !self.is_missing(node) {
                        text.push(' ');
                    }
                    open(&mut steps, several);
                }
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::mail::DateTime;
    use proptest::prelude::*;

    /// Each message is `day id references subject`; `-` stands for what is missing.
    fn check(algorithm: &str, mail: &[&str], wanted: &str) {
        let messages: Vec<Message> =
            (1..).zip(mail).map(|(number, mail)| message(number, mail)).collect();
        let found: Vec<_> = messages.iter().map(|one| (one.uid.get(), one)).collect();
        let algorithm = ThreadAlgorithm::parse(&mut Parser::new(algorithm.as_bytes())).unwrap();
        assert_eq!(threads(algorithm, &found), wanted);
    }

    fn message(number: u32, mail: &str) -> Message {
        let mut words = mail.splitn(4, ' ');
        let mut word = || words.next().unwrap();
        let mut data = format!("Date: {} Jan 2026 00:00 +0000\n", word());
        let id = word();
        if id != "-" {
            data.push_str(&format!("Message-ID: <{id}@x>\n"));
        }
        let references: Vec<String> =
            word().split(',').filter(|id| *id != "-").map(|id| format!("<{id}@x>")).collect();
        data.push_str(&format!("References: {}\nSubject: {}\n\n", references.join("\n "), word()));
        let date = DateTime::utc(UnixTime(i64::from(number)));
        Message::of_text(number, date, &data)
    }

    #[test]
    fn ordered_subject() {
        check(
            "ORDEREDSUBJECT",
            &["3 - - b", "1 - - a", "5 - - Re: B", "2 - - c", "4 - - re: a", "6 - - fwd: [x] a"],
            "(2 (5)(6))(4)(1 3)",
        );
        check("orderedsubject", &[], "");
        check("ORDEREDSUBJECT", &["2 - - ", "1 - - Re:"], "(2 1)");
    }

    #[test]
    fn references_make_threads_as_rfc_5256_shows_them() {
        // RFC 5256 §5: (2)(3 6 (4 23)(44 7 96)), with other numbers.
        let mail = [
            "1 a - one",
            "2 b - two",
            "3 c a one",
            "4 d a,c x",
            "5 e a,c y",
            "6 f a,c,d z",
            "7 g e -",
            "8 h a,c,e,g -",
        ];
        check("REFERENCES", &mail, "(1 3 (4 6)(5 7 8))(2)");
        let mut backwards = mail;
        backwards.reverse();
        check("REFERENCES", &backwards, "(8 6 (5 3)(4 2 1))(7)");
        check("REFS", &mail, "(2)(1 3 (4 6)(5 7 8))");
    }

    #[test]
    fn missing_messages_hold_their_children_together() {
        // §5: the parent of 3 and 5 is missing.
        check("REFERENCES", &["1 a z one", "2 b z two"], "((1)(2))");
        check("REFERENCES", &["1 a z one"], "(1)");
        check("REFERENCES", &["1 a y,z one", "2 b y two", "3 c z three"], "((1)(2)(3))");
        check("REFERENCES", &["1 a - one", "2 b a,z two", "3 c a,z three"], "(1 (2)(3))");
    }

    #[test]
    fn circles_and_false_references() {
        check("REFERENCES", &["1 a a x"], "(1)");
        check("REFERENCES", &["1 a b x", "2 b a y"], "(2 1)");
        check("REFERENCES", &["1 a b,c x", "2 b c,a y", "3 c a,b z"], "(2 3 1)");
        // The same Message-ID twice: the second has none.
        check("REFERENCES", &["1 a - x", "2 a - y", "3 b a z"], "(1 3)(2)");
        // 2 says that it answers nobody, whatever 1 says of it.
        check("REFERENCES", &["1 c a,b x", "2 b - y", "3 a - z"], "(2 1)(3)");
    }

    #[test]
    fn subjects_join_threads() {
        check("REFERENCES", &["1 a - x", "2 b - Re: x"], "(1 2)");
        check("REFERENCES", &["1 a - Re: x", "2 b - X"], "(2 1)");
        check("REFERENCES", &["1 a - x", "2 b - x", "3 c - Re: x"], "((1)(2)(3))");
        check("REFERENCES", &["1 a - ", "2 b - Re:"], "(1)(2)");
        check("REFERENCES", &["1 a z x", "2 b z y", "3 c - x"], "((1)(2)(3))");
        check("REFERENCES", &["1 a z x", "2 b z y", "3 c w x", "4 d w x"], "((1)(2)(3)(4))");
        check("REFS", &["1 a - x", "2 b - Re: x"], "(1)(2)");
    }

    #[test]
    fn deep_and_wide_threads() {
        let chain: Vec<String> =
            (0..20_000).map(|number| format!("1 {number} {} x", number - 1)).collect();
        let chain: Vec<&str> = chain.iter().map(String::as_str).collect();
        let numbers: Vec<String> = (1..=20_000).map(|number| number.to_string()).collect();
        check("REFERENCES", &chain, &format!("({})", numbers.join(" ")));
        let branches: Vec<String> =
            (0..20_000).map(|number| format!("1 {number} {} x", (number - 1) / 2 * 2)).collect();
        let branches: Vec<Message> =
            (1..).zip(&branches).map(|(at, mail)| message(at, mail)).collect();
        let found: Vec<_> = branches.iter().map(|one| (one.uid.get(), one)).collect();
        assert_eq!(threads(ThreadAlgorithm::References, &found).matches('(').count(), 19_999);
    }

    proptest! {
        #[test]
        fn each_message_stands_in_one_thread(
            mail in prop::collection::vec(
                (1..9_u32, 0..12_u32, prop::collection::vec(0..12_u32, 0..5), "(Re: )?[ab]?"),
                0..14,
            ),
            algorithm in prop::sample::select(ALGORITHMS.to_vec()),
        ) {
            let messages: Vec<Message> = (1..).zip(&mail).map(|(number, (day, id, references, subject))| {
                let references: Vec<String> = references.iter().map(u32::to_string).collect();
                let references = if references.is_empty() { "-".to_owned() } else { references.join(",") };
                message(number, &format!("{day} {id} {references} {subject}"))
            }).collect();
            let found: Vec<_> = messages.iter().map(|one| (one.uid.get(), one)).collect();
            let text = threads(algorithm.1, &found);
            let mut numbers: Vec<u32> = text
                .split(|char: char| !char.is_ascii_digit())
                .filter_map(|number| number.parse().ok())
                .collect();
            numbers.sort_unstable();
            let all: Vec<u32> = (1..).take(mail.len()).collect();
            prop_assert_eq!(numbers, all, "{}", text);
            prop_assert!(!text.contains("()") && !text.contains(" )") && !text.contains("( "));
            prop_assert_eq!(text.matches('(').count(), text.matches(')').count());
        }
    }
}
