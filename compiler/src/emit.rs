//! What is made of a program for people and other tools to look at: pictures of its journeys.
//!
//! ```text
//! Program + Spans ──draw──► Picture ──► svg (layout, then ink) │ mermaid │ dot │ json
//! ```
//!
//! A [`picture::Picture`] says what there is to see and nothing about where it stands on the page, so that every format
//! shows the same. Nothing here decides what a journey means: it is a reading of the program, arrow by arrow.

pub mod dot;
pub mod json;
pub mod mermaid;
pub mod picture;
pub mod svg;

mod draw;
mod layout;
mod words;

pub use draw::{draw, draw_all};
