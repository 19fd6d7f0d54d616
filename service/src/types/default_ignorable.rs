//! Characters without a visible form, among them those that change the reading direction.

use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;

/// Whether a character is invisible by itself (Unicode property Default_Ignorable_Code_Point).
pub fn is_default_ignorable(c: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}
