//! Zones that the resolver answers for itself, as an organisation's inner names.
//!
//! They stand before the cache and the world. An alias or a delegation that leads out of them is
//! followed as any other.

use std::sync::Arc;

use crate::proto::dns::{Authority, Edns, Message, Name, Question, RecordType, Transport};

use super::Resolver;
use super::harvest::Harvest;
use super::lasting::LastingAnswers;
use super::reply::{self, Asked, Reply};

impl Resolver {
    /// The same with zones of its own.
    #[must_use]
    pub fn with_zones(mut self, zones: Arc<Authority>) -> Self {
        self.zones = (!zones.catalog().zones().is_empty()).then_some(zones);
        self.lasting = LastingAnswers::default();
        self
    }

    /// Whether the name is in a zone of its own.
    pub(super) fn is_local(&self, name: &Name) -> bool {
        self.zones.as_ref().is_some_and(|zones| zones.catalog().find(name).is_some())
    }

    /// What its own zones say; `None` when the name is in none of them.
    pub(super) fn local_reply(&self, name: &Name, rtype: RecordType) -> Option<(Reply, Harvest)> {
        let zones = self.zones.as_ref()?;
        let zone = zones.catalog().find(name)?.origin().clone();
        let mut query = Message::query(0, name.clone(), rtype);
        query.edns = Some(Edns { dnssec_ok: true, ..Edns::default() });
        let message = zones.respond(&query, Transport::Tcp);
        let question = Question::new(name.clone(), rtype);
        let asked = Asked { question: &question, zone: &zone, recursion: true, harden_glue: false };
        let reply = reply::read(&message, asked);
        let harvest = self.harvest(&message, &zone, &reply);
        Some((reply, harvest))
    }
}
