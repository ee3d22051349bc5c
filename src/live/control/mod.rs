//! stub
use super::stage::Stage;
use crate::engine::SimTime;
use crate::net::NodeId;
use crate::net::tcp::CloseReason;
use crate::world::Door;
use bytes::Bytes;
use std::time::Instant;

#[derive(Debug, Default)]
pub(super) struct Control {}

impl Control {
    pub(super) fn target(&self) -> Option<SimTime> {
        None
    }
    pub(super) fn patience(&self) -> Option<SimTime> {
        None
    }
    pub(super) fn deadline(&self) -> Option<Instant> {
        None
    }
    pub(super) fn is_waiting(&self) -> bool {
        false
    }
    pub(super) fn look(&mut self, _stage: &Stage) -> bool {
        false
    }
    pub(super) fn octets(&mut self, _node: NodeId, _door: Door, _octets: &Bytes) -> bool {
        false
    }
    pub(super) fn eof(&mut self, _node: NodeId, _door: Door) {}
    pub(super) fn closed(&mut self, _node: NodeId, _door: Door, _reason: CloseReason) {}
}
