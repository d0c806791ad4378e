//! Loads the user's settings. A mistake in the settings file must not stop anybody from using
//! sayso.

use crate::stderr::say;
use sayso_settings::Settings;

/// The settings, as far as they could be understood, and the first mistake in their file.
pub(crate) fn load() -> (Settings, Option<String>) {
    let (settings, mistake) = Settings::load_usable();
    (settings, mistake.map(|mistake| mistake.to_string()))
}

/// The settings. A mistake in their file is reported on standard error.
pub(crate) fn load_or_warn() -> Settings {
    let (settings, mistake) = load();
    if let Some(mistake) = mistake {
        warn(&mistake);
    }
    settings
}

/// Reports a mistake in the settings file on standard error.
pub(crate) fn warn(mistake: &str) {
    say(format_args!("{mistake}; everything else applies"));
}
