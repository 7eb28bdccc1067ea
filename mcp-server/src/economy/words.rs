//! Words whose tokens are known: names of our fields, and what shops write most. The tests of `tokens` hold them against
//! the real thing.

/// Words that are one token, small or with a capital, alone or behind a space, and two behind any other sign: names of
/// our fields, and what shops write most.
pub(super) const WORDS: &str = "rank score price amount currency stock title vendor product type products shop total exact run \
    returned cursor next data age hours source notice text url image images description created published updated \
    variant before after change changes discount percent ranking quantity options option tag tags group groups \
    count median min max points point history last first name kind hint default search call code message field \
    features value values weight feature share from until since window days day week month true false and the for \
    with your you our this that are not all new set size color black white blue red green made free long short men \
    women one two see more can was has have will out use used home kit pack box bag hand case top gift card best \
    high low full light dark small large natural classic dry water air oil wood metal glass gold silver paper line \
    style based http com example table living lamp organic runner noise goods care kids girls summer winter spring \
    fashion sports fitness travel camera phone audio video music power battery lights led smart wall floor door bed \
    bath room office desk chair storage basket frame print poster art photo picture design modern retro premium \
    basic original limited collection series bundle starter parts ring chain watch wallet dress tank vest plastic \
    iron stone oak food coffee tea salt protein health skin face body hair cream mask brush comb pet dog cat baby \
    toy game book pen paint tool plate cup pan pot bike car garden plant seed tree tent snow mat cover stand holder \
    hook adapter screen keyboard mouse speaker item unit piece pair double single mini super extra plus pro street \
    road sale deal offer rose multi mixed soft hard warm cool hot cold quick easy simple clear heavy thin wide \
    round square flat \
    finished complete platform status fresh category position merchant reviews rating ratings gone failed running \
    started reason cuts cut rise moves mean null sold event events key keys match boot cap caps jar tables sheet \
    clock mirror gym training auto tools hardware computer charging portable mobile mount diamond custom drink wine \
    beer bar bars energy sleep stress boy girl mens adult pets dogs cats horse bird fish games cards party birthday \
    holiday patch pins pin canvas pens frames album books sound system security lens lighting solar plants fire fan \
    boxes container trash sets replacement part converter extension control remote switch sensor meter pump filter \
    pipe bolt nut contact de la le les des du pour avec sans dans sur et en vert lin or grand promo lot bio brown \
    grey gray purple orange yellow pink mint tan fit regular crew zip button stretch leg mid feet foot gram liter \
    pieces medium bottom bra active performance sport trail wild rain sun moon star stars sky sea river forest city \
    north south east west work school studio lab labs co company store official exclusive special release drop final \
    fall";

/// The same, but only as they stand here.
pub(super) const EXACT_WORDS: &str =
    "EUR USD GBP CHF CAD AUD XXX estimate variants available weights preset https www";

/// Words that are two tokens at most, in the same forms, and three behind any other sign.
pub(super) const TWO_WORDS: &str = "coverage breakdown newness freshness outcome shopify stale problems crawl popularity availability blocked paused \
    partial rises greatest truncated untrusted cheaper dearer restocked observed kinds matched outlet clothing shoes \
    shoe boots socks shirt shirts pants shorts jacket jackets jeans coat gloves scarf belt hats bags backpack \
    earrings bracelet makeup fragrance perfume oils serum lotion soap shampoo candle candles mug mugs cups bottle \
    kitchen dining furniture sofa couch chairs shelf shelves curtain pillow blanket sheets towel towels rug vase \
    outdoor camping hiking cycling yoga swim swimming fishing hunting golf football soccer tennis basketball \
    baseball bikes electronics laptop tablet charger cable cables headphones earbuds watchband strap straps wireless \
    magnetic waterproof leather cotton linen wool silk denim velvet polyester nylon bamboo ceramic steel aluminum \
    copper brass crystal pearl stainless wooden vintage luxury handmade personalized vegan gluten keto snack snacks \
    candy chocolate honey sauce spice spices drinks powder capsules vitamin supplement supplements immunity newborn \
    boys womens ladies unisex toys puzzle puzzles wedding christmas halloween gifts sticker stickers patches posters \
    prints stationery notebook pencil paintings painting vinyl guitar piano drum cameras bulb lamps ceiling pendant \
    seeds pots planter soil hose grill bbq fireplace heater cooler organizer bins cleaning cleaner laundry vacuum \
    sponge packs kits refill spare accessory accessories gauge valve fitting washer clamp glove shield helmet \
    glasses lenses femme homme enfant bleu noir blanc rouge gris jaune bois cuir coton laine argent sac robe chemise \
    veste lampe chaise tapis bougie savon huile creme visage corps maison jardin cuisine bain chambre enfants jeu \
    livre collier bague montre petit nouveau naturel paris france navy beige ivory charcoal olive sage teal coral \
    khaki nude slim loose oversized relaxed fitted neck zipper pocket pockets waist legs ankle knee thigh inch \
    inches pound pounds ounce grams litre tee tees tops bottoms underwear boxer briefs lounge runners skipper dasher \
    ocean beach mountain desert island american italian french japanese german british heritage legacy signature \
    essential essentials everyday weekend supply edition anniversary restock preorder clearance seasonal autumn \
    trending vente piper oxford merino alpine thermal fleece puffer windbreaker insulated crewneck polo henley \
    cardigan blazer leggings chino flannel plaid stripe striped floral printed logo graphic monogram suede rubber \
    sole insole laces slip slides sandals heels flats slippers cardholder tote crossbody clutch pouch luggage \
    brightening hydrating cleanser toner retinol lipstick mascara foundation blush palette nail polish razor shaving \
    beard conditioner recycled sustainable reusable northwind exemple magasin boutique ceinture bonnet hiver automne \
    printemps oreiller couverture serviette rideau horloge cadre panier boite verre tasse assiette planche cafe miel \
    epices vin biere acier pierre marbre terre cuite ceramique massif fait main grande petite longue courte manches \
    col rond";
