//! A text as a square that telephones read.

use qrcode::render::svg::Color;
use qrcode::{EcLevel, QrCode};

/// The text as an SVG image: black on white whatever the page's colours are, since some readers want it so, with the quiet
/// zone of four modules around it. `None` if it is too long, which no URI of ours is.
pub(super) fn svg(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let (dark, light) = (Color("#000"), Color("#fff"));
    Some(code.render().dark_color(dark).light_color(light).min_dimensions(232, 232).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_account_fits_and_an_image_holds_no_text() {
        let uri = format!("otpauth://totp/countersign:{}?secret={}", "a".repeat(254), "A".repeat(32));
        let image = svg(&uri).unwrap();
        assert!(image.contains("<svg") && !image.contains("otpauth") && !image.contains("script"));
        assert_eq!(svg(&"a".repeat(5000)), None);
    }
}
