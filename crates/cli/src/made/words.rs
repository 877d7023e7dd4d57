//! Text that reads like posts at a glance, and says nothing.

use super::dice::Dice;

const DUTCH: &str = "de het een en van ik je dat is in te op met voor niet maar die er zo ook nog wel aan als bij nu toch even dan wat naar om over uit \
heb was weer goed mooi vandaag morgen gisteren zon regen wind fiets trein koffie brood kaas boek tuin bloem boom water zee strand bos weg huis tafel \
stoel raam deur licht muziek liedje foto week maand zomer winter lente herfst rustig lekker leuk klein groot nieuw oud lang kort snel samen buiten binnen \
eindelijk misschien natuurlijk gewoon bijna altijd soms vaak nooit overal ergens iemand niemand iedereen vertel kijk luister lees schrijf loop kook bak \
plant teken speel slaap droom wacht begin vind zoek vergeet onthoud hoop denk weet";
const ENGLISH: &str = "the a and to of in it is that for on with this my you so but not at just have was be are what from all out up some now like when \
today tomorrow yesterday sun rain wind bike train coffee bread cheese book garden flower tree water sea beach forest road house table chair window door \
light music song photo week month summer winter spring autumn quiet tasty nice small big new old long short quick together outside inside finally maybe \
really almost always sometimes often never everywhere somewhere someone nobody everyone tell look listen read write walk cook bake plant draw play sleep \
dream wait begin find search forget remember hope think know";
const GERMAN: &str = "der die das und in zu den ich nicht ist es ein eine mit auf für sich so auch noch aber wie wir nur mal wieder schon heute morgen \
gestern Sonne Regen Wind Rad Zug Kaffee Brot Käse Buch Garten Blume Baum Wasser Meer Strand Wald Weg Haus Tisch Stuhl Fenster Tür Licht Musik Lied Foto \
Woche Monat Sommer Winter Frühling Herbst ruhig lecker schön klein groß neu alt lang kurz schnell zusammen draußen drinnen endlich vielleicht wirklich \
fast immer manchmal oft nie überall irgendwo jemand niemand alle schau hör lies schreib lauf koch back pflanz zeichne spiel schlaf träum warte";
const FRENCH: &str = "le la les un une et de à en je que ne pas est ce dans pour sur avec mais plus on se tout bien aussi encore très déjà \
aujourd'hui demain hier soleil pluie vent vélo train café pain fromage livre jardin fleur arbre eau mer plage forêt route maison table chaise fenêtre \
porte lumière musique chanson photo semaine mois été hiver printemps automne calme bon joli petit grand nouveau vieux long court vite ensemble dehors \
dedans enfin peut-être vraiment presque toujours parfois souvent jamais partout quelque personne regarde écoute lis écris marche cuisine plante dessine joue";

/// Things that texts hold besides words, some of which a careless writer of JSON or CSV gets wrong.
const EXTRAS: [&str; 12] = [
    "😀",
    "❤️",
    "👩\u{200d}🌾",
    "“mooi”",
    "\"quoted\"",
    "back\\slash",
    "1,5 km",
    "100%",
    "#made",
    "e\u{301}te\u{301}",
    "\u{202b}مثال\u{202c}",
    "tab\there",
];

/// A language of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tongue {
    /// Dutch.
    Nl,
    /// English.
    En,
    /// German.
    De,
    /// French.
    Fr,
}

impl Tongue {
    /// Its code.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Tongue::Nl => "nl",
            Tongue::En => "en",
            Tongue::De => "de",
            Tongue::Fr => "fr",
        }
    }
}

/// The words of every language.
pub(super) struct Words {
    lists: [Vec<&'static str>; 4],
}

impl Words {
    /// Splits the lists.
    pub(super) fn new() -> Words {
        Words { lists: [DUTCH, ENGLISH, GERMAN, FRENCH].map(|list| list.split_whitespace().collect()) }
    }

    /// Writes about so many characters of sentences.
    pub(super) fn write(&self, tongue: Tongue, length: usize, dice: &mut Dice, text: &mut String) {
        text.clear();
        let Some(list) = self.lists.get(tongue as usize) else { return };
        let (mut left_in_sentence, mut draw, mut left_in_draw) = (0_u64, 0_u64, 0);
        while text.len() < length {
            if left_in_draw == 0 {
                (draw, left_in_draw) = (dice.any(), 4);
            }
            left_in_draw -= 1;
            let (luck, shade) = (draw & 0xff, (draw >> 8) & 0xff);
            draw >>= 16;
            let capital = left_in_sentence == 0;
            if capital {
                text.push_str(match (text.is_empty(), luck & 15) {
                    (true, _) => "",
                    (_, 0) => "!\n",
                    (_, 1..=3) => "? ",
                    _ => ". ",
                });
                left_in_sentence = 3 + (shade & 7);
            } else {
                text.push(' ');
            }
            left_in_sentence -= 1;
            if luck == 255 {
                text.push_str(EXTRAS.get(usize::try_from(shade).unwrap_or_default() % EXTRAS.len()).copied().unwrap_or_default());
                continue;
            }
            // The product of two draws favours the words at the front, as language does.
            let place = usize::try_from((luck * shade * u64::try_from(list.len()).unwrap_or_default()) >> 16).unwrap_or_default();
            let word = list.get(place).copied().unwrap_or_default();
            let mut letters = word.chars();
            match letters.next() {
                Some(first) if capital => {
                    text.extend(first.to_uppercase());
                    text.push_str(letters.as_str());
                }
                _ => text.push_str(word),
            }
        }
        if !text.is_empty() {
            text.push('.');
        }
    }
}
