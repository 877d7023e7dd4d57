use insta::assert_snapshot;

use crate::explain::{FACTS, both};

#[test]
fn what_the_policy_does_not_allow() {
    let item = format!(r#"{{"id":"p-1","author":"club:1","category":"message","audience":"private",{FACTS}}}"#);
    assert_snapshot!(both("club/letters", "protective", &item), @"
    exit code 0
    --- stdout
    Dit chatbericht gaat niet mee.

    De vraag was: mag lab op 1 juni 2026 dit chatbericht krijgen voor ‘Letters’?
    We keken in het beleid ‘The reading club’, de versie van 1 januari 2026.
    Bij twijfel gaat iets niet mee.

    Waarom
    - Er is beloofd dat dit niet gebeurt: ‘The club does not read the letters of its members.’
    - Het is een bericht tussen mensen. We weten niet of het voor een AI was bedoeld.
    - Dit staat uit zolang niemand ja zegt, en een ja hebben we niet gevonden.

    Wat je kunt doen
    - Je kunt ook zelf bezwaar maken. Dan hangt het niet meer af van deze regels. Je hoeft niet uit te leggen waarom.

    De dagen zijn geteld volgens de klok in Europe/Amsterdam.
    Dat iets meegaat, betekent alleen dat we niets weten wat ertegen pleit. Het is geen wettelijke grondslag.

    exit code 0
    --- stdout
    This message is left out.

    The question was: may lab have this message for “Letters” on 1 June 2026?
    We looked it up in “The reading club”, the version of 1 January 2026.
    When there is doubt, it is left out.

    Why
    - There is a promise not to do this: “The club does not read the letters of its members.”
    - It is a message between people, and we do not know whether it was meant for an AI.
    - This is off until someone says yes, and we have not found a yes.

    What you can do
    - You can object yourself too. Then it no longer depends on these rules. You do not have to say why.

    The days are counted by the clock in Europe/Amsterdam.
    Keep means that nothing we know speaks against it; it is not a legal basis.
    ");
    assert_snapshot!(both("club/archive", "protective", &item), @"
    exit code 0
    --- stdout
    Dit chatbericht gaat niet mee.

    De vraag was: mag lab op 1 juni 2026 dit chatbericht krijgen voor ‘The archive’?
    We keken in het beleid ‘The reading club’, de versie van 1 januari 2026.
    Bij twijfel gaat iets niet mee.

    Waarom
    - Volgens onze bronnen gebeurt dit wel, maar het bedrijf heeft het nergens vastgelegd. Wat niet in de tekst staat, telt niet.
    - Het beleid noemt dit soort gegevens niet bij dit gebruik.
    - Het is een bericht tussen mensen. We weten niet of het voor een AI was bedoeld.
    - Bij dit bedrijf kun je geen nee zeggen tegen dit gebruik.

    Wat je kunt doen
    - Je kunt ook zelf bezwaar maken. Dan hangt het niet meer af van deze regels. Je hoeft niet uit te leggen waarom.

    De dagen zijn geteld volgens de klok in Europe/Amsterdam.
    Dat iets meegaat, betekent alleen dat we niets weten wat ertegen pleit. Het is geen wettelijke grondslag.

    exit code 0
    --- stdout
    This message is left out.

    The question was: may lab have this message for “The archive” on 1 June 2026?
    We looked it up in “The reading club”, the version of 1 January 2026.
    When there is doubt, it is left out.

    Why
    - Our sources say that this is done, but no binding text of the company allows it. What is not in the text does not count.
    - The policy does not name this kind of data for this use.
    - It is a message between people, and we do not know whether it was meant for an AI.
    - The company gives you no way to say no to this use.

    What you can do
    - You can object yourself too. Then it no longer depends on these rules. You do not have to say why.

    The days are counted by the clock in Europe/Amsterdam.
    Keep means that nothing we know speaks against it; it is not a legal basis.
    ");
    assert_snapshot!(both("club/songs", "protective", &item), @"
    exit code 0
    --- stdout
    Dit chatbericht gaat niet mee.

    De vraag was: mag lab op 1 juni 2026 dit chatbericht krijgen voor ‘Songs’?
    We keken in het beleid ‘The reading club’, de versie van 1 januari 2026.
    Bij twijfel gaat iets niet mee.

    Waarom
    - Dit gebruik is aangekondigd. Het begint op 1 juli 2026.
    - Het beleid noemt dit soort gegevens niet bij dit gebruik.
    - Het is een bericht tussen mensen. We weten niet of het voor een AI was bedoeld.
    - Dit staat uit zolang niemand ja zegt, en een ja hebben we niet gevonden.

    Wat je kunt doen
    - Je kunt bezwaar maken voordat het begint. Dan telt je bezwaar vanaf het begin.
    - Dit verandert alleen als je zelf toestemming geeft voor precies dit gebruik.
    - Je kunt ook zelf bezwaar maken. Dan hangt het niet meer af van deze regels. Je hoeft niet uit te leggen waarom.

    De dagen zijn geteld volgens de klok in Europe/Amsterdam.
    Dat iets meegaat, betekent alleen dat we niets weten wat ertegen pleit. Het is geen wettelijke grondslag.

    exit code 0
    --- stdout
    This message is left out.

    The question was: may lab have this message for “Songs” on 1 June 2026?
    We looked it up in “The reading club”, the version of 1 January 2026.
    When there is doubt, it is left out.

    Why
    - This use is announced. It begins on 1 July 2026.
    - The policy does not name this kind of data for this use.
    - It is a message between people, and we do not know whether it was meant for an AI.
    - This is off until someone says yes, and we have not found a yes.

    What you can do
    - You can object before it begins. Then it counts from the start.
    - Only a yes of your own to this very use changes that.
    - You can object yourself too. Then it no longer depends on these rules. You do not have to say why.

    The days are counted by the clock in Europe/Amsterdam.
    Keep means that nothing we know speaks against it; it is not a legal basis.
    ");
    assert_snapshot!(both("club/nothing", "protective", &item), @"
    exit code 0
    --- stdout
    Dit chatbericht gaat niet mee.

    De vraag was: mag lab op 1 juni 2026 dit chatbericht krijgen voor het gebruik ‘club/nothing’?
    We keken in het beleid ‘The reading club’, de versie van 1 januari 2026.
    Bij twijfel gaat iets niet mee.

    Waarom
    - Het beleid zegt nergens dat lab dit chatbericht hiervoor mag gebruiken.
    - Het is een bericht tussen mensen. We weten niet of het voor een AI was bedoeld.

    Wat je kunt doen
    - Je kunt ook zelf bezwaar maken. Dan hangt het niet meer af van deze regels. Je hoeft niet uit te leggen waarom.

    De dagen zijn geteld volgens de klok in Europe/Amsterdam.
    Dat iets meegaat, betekent alleen dat we niets weten wat ertegen pleit. Het is geen wettelijke grondslag.
    --- stderr
    note: no version of a policy has the use `club/nothing`; uses are `club/archive`, `club/letters`, `club/model`, `club/songs`

    exit code 0
    --- stdout
    This message is left out.

    The question was: may lab have this message for the use “club/nothing” on 1 June 2026?
    We looked it up in “The reading club”, the version of 1 January 2026.
    When there is doubt, it is left out.

    Why
    - The policy does not say that lab may use this message for this.
    - It is a message between people, and we do not know whether it was meant for an AI.

    What you can do
    - You can object yourself too. Then it no longer depends on these rules. You do not have to say why.

    The days are counted by the clock in Europe/Amsterdam.
    Keep means that nothing we know speaks against it; it is not a legal basis.
    --- stderr
    note: no version of a policy has the use `club/nothing`; uses are `club/archive`, `club/letters`, `club/model`, `club/songs`
    ");
}

#[test]
fn what_could_not_be_read() {
    assert_snapshot!(both("club/model", "protective", "{\"id\":\"p-1\",\"autor\":7}"), @"
    exit code 0
    --- stdout
    Dit stuk gaat niet mee.

    De vraag was: mag lab op 1 juni 2026 dit stuk krijgen voor ‘The club's model’?
    We keken in het beleid ‘The reading club’, de versie van 1 januari 2026.
    Bij twijfel gaat iets niet mee.

    Waarom
    - Dit stuk kon niet worden gelezen. Daarom kunnen we er niets over zeggen.

    Wat je kunt doen
    - Je kunt ook zelf bezwaar maken. Dan hangt het niet meer af van deze regels. Je hoeft niet uit te leggen waarom.
    - Zo doe je dat: ‘Objection form’, https://club.example/object

    De dagen zijn geteld volgens de klok in Europe/Amsterdam.
    Dat iets meegaat, betekent alleen dat we niets weten wat ertegen pleit. Het is geen wettelijke grondslag.
    --- stderr
    stdin:1:19: note: unknown field `autor`, expected one of `id`, `author`, `category`, `audience`, `created_at`, `collected_at`, `author_age`, `region`, `about`, `conversation`, `deleted_at`, `hold`, `registered`, `ext`

    exit code 0
    --- stdout
    This record is left out.

    The question was: may lab have this record for “The club's model” on 1 June 2026?
    We looked it up in “The reading club”, the version of 1 January 2026.
    When there is doubt, it is left out.

    Why
    - This record could not be read, so we cannot judge it.

    What you can do
    - You can object yourself too. Then it no longer depends on these rules. You do not have to say why.
    - The way to do it: “Objection form”, https://club.example/object

    The days are counted by the clock in Europe/Amsterdam.
    Keep means that nothing we know speaks against it; it is not a legal basis.
    --- stderr
    stdin:1:19: note: unknown field `autor`, expected one of `id`, `author`, `category`, `audience`, `created_at`, `collected_at`, `author_age`, `region`, `about`, `conversation`, `deleted_at`, `hold`, `registered`, `ext`
    ");
}
