//! Where a person lives: ISO 3166-1 codes and named sets of them.

use std::fmt;

/// An officially assigned ISO 3166-1 alpha-2 code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Region([u8; 2]);

/// All officially assigned codes, sorted.
const CODES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT \
BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK \
FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE \
JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ \
MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO \
RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW \
TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// The member states with the territories in which the Treaties apply: the outermost regions that have a code of
/// their own (GP MQ GF RE YT MF) and Åland (AX) are in; the overseas countries and territories are out.
const EU: &str = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK GP MQ GF RE YT MF AX";

/// The EEA: the EU and Iceland, Liechtenstein and Norway.
const EEA_ONLY: &str = "IS LI NO";

impl Region {
    /// The region with this code, in either case; anything else is not a region.
    pub fn lookup(code: &str) -> Option<Region> {
        let bytes: [u8; 2] = code.as_bytes().try_into().ok()?;
        let region = Region(bytes.map(|byte| byte.to_ascii_uppercase()));
        Region::all().any(|other| other == region).then_some(region)
    }

    /// Every assigned code.
    pub fn all() -> impl Iterator<Item = Region> {
        codes(CODES)
    }

    /// The two letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("??")
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn codes(list: &'static str) -> impl Iterator<Item = Region> {
    list.split_whitespace().filter_map(|code| code.as_bytes().try_into().ok().map(Region))
}

/// The regions a name in a policy file stands for: `EU`, `EEA`, or one code.
pub fn lookup_set(name: &str) -> Option<Vec<Region>> {
    match name {
        "EU" => Some(codes(EU).collect()),
        "EEA" => Some(codes(EU).chain(codes(EEA_ONLY)).collect()),
        _ if name.chars().all(|letter| letter.is_ascii_uppercase()) => Region::lookup(name).map(|region| vec![region]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outermost_regions_are_right() {
        let eea = lookup_set("EEA").unwrap();
        for inside in "GP MQ GF RE YT MF NO IS LI NL AX".split(' ') {
            assert!(eea.contains(&Region::lookup(inside).unwrap()), "{inside}");
        }
        for outside in "BQ AW CW SX GB CH US NC PF GL FO BL PM".split(' ') {
            assert!(!eea.contains(&Region::lookup(outside).unwrap()), "{outside}");
        }
        assert_eq!(lookup_set("EU").unwrap().len(), 27 + 6 + 1);
    }

    #[test]
    fn only_assigned_codes_are_regions() {
        assert_eq!(Region::all().count(), 249);
        for unknown in ["EU", "UK", "XX", "", "NLD", "N", "n\u{e9}"] {
            assert_eq!(Region::lookup(unknown), None, "{unknown}");
        }
        assert_eq!(Region::lookup("nl"), Region::lookup("NL"));
    }
}
