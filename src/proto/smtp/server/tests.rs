//! Dialogues of the server session.
