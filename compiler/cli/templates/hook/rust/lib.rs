//! `hook score(words: text(1000)) -> number`: how loud a complaint is, from 0 to 1.

use serde::Deserialize;

/// The hook's parameters, by name.
#[derive(Deserialize)]
struct Subject {
    words: String,
}

/// Signs of exclamation, and words in capitals.
fn loudness(words: &str) -> f64 {
    let signs = words.matches('!').count();
    let shouted = words.split_whitespace().filter(|w| w.len() > 3 && w.chars().all(|c| !c.is_lowercase())).count();
    let loud = (signs + 2 * shouted) as f64;
    loud / (loud + 2.0)
}

#[cfg(target_family = "wasm")]
mod component {
    wit_bindgen::generate!({ path: "../wit", world: "scorer" });

    struct Component;

    impl Guest for Component {
        fn score(_: Context, subject: Json) -> Result<f64, HookError> {
            // Where it is wrong, and never what a customer wrote: the text stands in logs.
            let subject: super::Subject = serde_json::from_str(&subject)
                .map_err(|e| HookError::Invalid(format!("no `words` (column {})", e.column())))?;
            Ok(super::loudness(&subject.words))
        }
    }

    export!(Component);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_shouts_is_loud() {
        assert_eq!(loudness("The bell is quiet."), 0.0);
        assert!(loudness("It is broken AGAIN!!!") > 0.6);
        let subject: Subject = serde_json::from_str(r#"{"words":"No!"}"#).unwrap();
        assert!(loudness(&subject.words) > 0.0);
    }
}
