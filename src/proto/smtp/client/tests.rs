//! Dialogues of the client session.
