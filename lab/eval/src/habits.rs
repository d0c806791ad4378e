//! A person's habits on other people's lines: a few corrections show a habit on a few lines only, and these show it on many.

use sayso_engine::{Dictation, Engine, Preferences, Words};

/// What pairs of a dictation and what was meant teach, one after the other.
pub fn learn(engine: &Engine, pairs: &[(String, String)]) -> Preferences {
    let (words, mut preferences) = (Words::default(), Preferences::default());
    for (heard, meant) in pairs {
        let dictation = Dictation { text: heard, preferences: Some(&preferences), ..Dictation::default() };
        let Ok(conversion) = engine.convert(&words, &dictation, None) else { continue };
        let lesson = engine.lesson(&words, heard, &conversion.buffer, meant);
        lesson.choices.iter().for_each(|(choice, sign)| preferences.add(*choice, *sign));
    }
    preferences
}

/// Of other lines, dictated and meant, those that the person would write otherwise, as the person would.
pub fn show(preferences: &Preferences, lines: Vec<(String, String)>) -> Vec<(String, String)> {
    let shown = |(heard, meant): (String, String)| {
        let own = preferences.respaced(&heard, &meant)?;
        Some((heard, own))
    };
    lines.into_iter().filter_map(shown).collect()
}
