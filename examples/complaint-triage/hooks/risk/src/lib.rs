//! `hook risk(complaint: Complaint) -> number`: how likely a complaint is to go wrong, from 0 to 1.

mod judge;

pub use judge::{Complaint, Device, Score, read, risk};

/// What the journey calls.
#[cfg(target_family = "wasm")]
mod component {
    wit_bindgen::generate!({ path: "../../../../language-spec/wit", world: "scorer" });

    use journey::hooks::host::log;
    use journey::hooks::types::Level;

    struct Component;

    impl Guest for Component {
        fn score(_: Context, subject: Json) -> Result<f64, HookError> {
            let complaint = super::read(&subject).map_err(HookError::Invalid)?;
            let score = super::risk(&complaint);
            // Figures only: a log is no place for what a customer wrote.
            log(Level::Debug, &score.to_string());
            Ok(score.risk)
        }
    }

    export!(Component);
}
