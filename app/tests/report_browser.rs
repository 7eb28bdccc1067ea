//! The report in a real browser: it sorts, filters and opens, it asks nobody for anything, and shops' texts stay texts.

use std::path::{Path, PathBuf};

use serde_json::json;
use testkit::{Catalogue, NORTH_LOFT};

use crate::program::Home;
use crate::report::{HOSTILE, hostile_products};
use crate::webdriver::Browser;

/// Returns a report over two shops, and the home that it is in.
fn report() -> (Home, PathBuf) {
    let home = Home::new();
    for (shop, seed) in [("loft", 5), ("attic", 6)] {
        let file = format!("{shop}.json");
        home.write(&file, Catalogue::generate(&NORTH_LOFT, 40, seed).to_json());
        home.ok([
            "import",
            &file,
            "--shop",
            &format!("https://{shop}.example"),
        ]);
    }
    home.ok(["report", "-k", "50"]);
    let path = home.path().join("report.html");
    (home, path)
}

/// Opens a report on a screen of the given width.
fn open(browser: &Browser, path: &Path, width: u32) {
    let screen = json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false });
    browser.devtools("Emulation.setDeviceMetricsOverride", &screen);
    browser.open(path);
}

fn assert_silent(browser: &Browser) {
    let console = browser.console();
    assert!(console.is_empty(), "{console:#?}");
    let requests = browser.requests();
    let elsewhere: Vec<_> = requests
        .iter()
        .filter(|it| !it.starts_with("file:") && !it.starts_with("data:"))
        .collect();
    assert!(elsewhere.is_empty(), "{elsewhere:#?}");
    assert!(!requests.is_empty(), "the document itself is asked for");
    assert_eq!(
        browser.run("return performance.getEntriesByType('resource').length"),
        0
    );
}

/// Returns the places of the rows that are shown, in the order in which they stand.
const PLACES: &str = "return Array.from(document.querySelectorAll('#ranking > tbody'))
    .filter((body) => !body.hidden).map((body) => Number(body.id.slice(1)))";

#[test]
fn a_click_sorts_a_text_filters_and_a_reason_opens() {
    let (_home, path) = report();
    let browser = Browser::start();
    open(&browser, &path, 1280);
    let by_place: Vec<u64> = (1..=50).collect();
    assert_eq!(browser.run(PLACES), json!(by_place));

    let prices = "return Array.from(document.querySelectorAll('#ranking > tbody'))
        .map((body) => parseFloat(body.rows[0].cells[3].textContent.replace(/,/g, '')))";
    let sorted =
        |browser: &Browser| -> Vec<f64> { serde_json::from_value(browser.run(prices)).unwrap() };
    let header = "#ranking thead th:nth-child(4)";
    browser.click(&format!("{header} button"));
    assert!(sorted(&browser).is_sorted(), "{:?}", sorted(&browser));
    assert_ne!(browser.run(PLACES), json!(by_place));
    let aria_sort = format!("return document.querySelector('{header}').ariaSort");
    assert_eq!(browser.run(&aria_sort), "ascending");
    // By keyboard, the other way round.
    browser.type_into(&format!("{header} button"), "\u{e007}");
    assert!(sorted(&browser).is_sorted_by(|a, b| a >= b));
    assert_eq!(browser.run(&aria_sort), "descending");
    assert_eq!(
        browser.run("return document.querySelectorAll('[aria-sort]').length"),
        1
    );

    let shown = "return document.getElementById('shown').textContent";
    let wanted = browser.run("return document.querySelector('#p1 th bdi').textContent");
    browser.type_into("#find", wanted.as_str().unwrap());
    let places = browser.run(PLACES);
    let n_shown = places.as_array().unwrap().len();
    assert!(
        places.as_array().unwrap().contains(&json!(1)) && n_shown < 50,
        "{places}"
    );
    let told = browser.run(shown);
    let told = told.as_str().unwrap();
    assert!(
        told.starts_with(&format!("{n_shown} of 50 products shown")),
        "{told}"
    );
    browser.click("#clear");
    assert_eq!(browser.run(PLACES).as_array().unwrap().len(), 50);
    browser.click("#shop");
    browser.run(
        "const shop = document.getElementById('shop'); shop.value = 'attic.example';
         shop.dispatchEvent(new Event('change'))",
    );
    let shops = browser.run(
        "return Array.from(new Set(Array.from(document.querySelectorAll('#ranking > tbody:not([hidden])'),
            (body) => body.rows[0].cells[2].textContent)))",
    );
    assert_eq!(shops, json!(["attic.example"]));
    browser.click("#clear");

    let is_open = "return document.querySelector('#p2 details').open
        && document.querySelector('#p2 details table').offsetHeight > 0";
    assert_eq!(browser.run(is_open), false);
    browser.click("#p2 summary");
    assert_eq!(browser.run(is_open), true);
    assert_silent(&browser);
}

#[test]
fn rows_out_of_sight_cost_nothing_and_the_headings_stay_above_their_columns() {
    let (home, path) = report();
    let browser = Browser::start();
    // What is in sight is known from the next frame on.
    let is_laid_out = "return new Promise((tell) => requestAnimationFrame(() => requestAnimationFrame(() =>
        tell(document.querySelector('#p50 bdi').checkVisibility({ contentVisibilityAuto: true })))))";
    let misplaced = "const edges = (it) => [it.getBoundingClientRect().left, it.getBoundingClientRect().right].map(Math.round);
        const row = document.querySelector('#p50').rows[0];
        return Array.from(document.querySelectorAll('#ranking thead th'))
            .filter((it, n) => String(edges(it)) !== String(edges(row.cells[n]))).length";
    let top =
        "return Math.round(document.querySelector('#ranking thead').getBoundingClientRect().top)";
    for (preset, width) in [("balanced", 1280), ("balanced", 850), ("classic", 1280)] {
        home.ok(["report", "-k", "50", "--preset", preset]);
        open(&browser, &path, width);
        assert_eq!(browser.run(is_laid_out), false, "{preset}");
        browser.run("document.querySelector('#p50').scrollIntoView({ block: 'end' })");
        assert_eq!(browser.run(is_laid_out), true, "{preset}");
        assert_eq!(browser.run(misplaced), 0, "{preset} {width}");
        assert_eq!(browser.run(top), 0, "{preset}");
    }
    assert_silent(&browser);
}

#[test]
fn nothing_is_wider_than_a_phone_and_all_text_stands_out() {
    let (_home, path) = report();
    let browser = Browser::start();
    for (width, scheme) in [
        (360, "light"),
        (360, "dark"),
        (900, "light"),
        (1280, "dark"),
    ] {
        let scheme = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        browser.devtools("Emulation.setEmulatedMedia", &scheme);
        open(&browser, &path, width);
        browser.run("for (const it of document.querySelectorAll('details')) it.open = true");
        assert_eq!(
            browser.run("return document.documentElement.scrollWidth"),
            width
        );
        let pale = browser.run(PALE);
        assert_eq!(pale, json!([]), "{width} px, {scheme}");
    }
    assert_silent(&browser);
}

/// Returns the texts whose contrast is less than 4.5 to 1, as WCAG 2.2 works it out.
const PALE: &str = r#"
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const rgba = (colour) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        return canvas.getImageData(0, 0, 1, 1).data;
    };
    const luminance = (colour) => {
        const [r, g, b] = Array.from(rgba(colour).slice(0, 3), (it) => it / 255)
            .map((it) => (it <= 0.04045 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (element) => {
        for (let it = element; it; it = it.parentElement) {
            const colour = getComputedStyle(it).backgroundColor;
            if (rgba(colour)[3] > 0) return colour;
        }
        return "white";
    };
    const pale = new Set();
    for (const element of document.querySelectorAll("body *:not(svg, svg *, script)")) {
        const texts = Array.from(element.childNodes).filter((it) => it.nodeType === 3 && it.data.trim());
        if (texts.length === 0 || element.offsetHeight === 0) continue;
        const colours = [getComputedStyle(element).color, ground(element)];
        const [less, more] = colours.map(luminance).sort((a, b) => a - b);
        if ((more + 0.05) / (less + 0.05) < 4.5) pale.add([element.localName, element.className, ...colours].join(" "));
    }
    return Array.from(pale);
"#;

#[test]
fn without_scripts_the_list_can_be_read_and_nothing_pretends_to_work() {
    let (_home, path) = report();
    let text = std::fs::read_to_string(&path).unwrap();
    let begin = text.find("<script>").unwrap();
    let end = text.find("</script>").unwrap();
    let bare = format!("{}{}", &text[..begin], &text[end + 9..]);
    let path = path.with_file_name("bare.html");
    std::fs::write(&path, bare).unwrap();
    let browser = Browser::start();
    open(&browser, &path, 1280);
    assert_eq!(
        browser.run("return document.getElementById('controls').offsetHeight"),
        0
    );
    assert_eq!(
        browser.run("return document.querySelectorAll('button').length"),
        1
    );
    assert_eq!(browser.run(PLACES).as_array().unwrap().len(), 50);
    browser.click("#p1 summary");
    let height = browser.run("return document.querySelector('#p1 details table').offsetHeight");
    assert!(height.as_u64() > Some(20), "{height}");
    assert_silent(&browser);
}

#[test]
fn what_shops_write_is_never_more_than_text() {
    let home = Home::new();
    home.write("hostile.json", hostile_products());
    home.ok([
        "import",
        "hostile.json",
        "--shop",
        "https://hostile.example",
    ]);
    home.ok(["report", "--title", HOSTILE[1]]);
    let browser = Browser::start();
    open(&browser, &home.path().join("report.html"), 360);
    browser.run("for (const it of document.querySelectorAll('details')) it.open = true");
    let n_rows = browser.run(PLACES).as_array().unwrap().len();
    assert!(n_rows >= HOSTILE.len(), "{n_rows}");
    for (what, found) in [
        ("foreign scripts", "return document.scripts.length - 1"),
        (
            "foreign elements",
            "return document.querySelectorAll('img, iframe, object, embed, form, base, h1 ~ h1').length",
        ),
        (
            "what a script would leave",
            "return 'hit' in window ? 1 : 0",
        ),
        (
            "handlers and styles",
            "return Array.from(document.querySelectorAll('*')).filter((it) => Array.from(it.attributes).some((a) => a.name.startsWith('on') || a.name === 'style')).length",
        ),
        (
            "other links",
            "return Array.from(document.links).filter((it) => !['http:', 'https:'].includes(it.protocol) && !it.getAttribute('href').startsWith('#')).length",
        ),
        (
            "too wide",
            "return document.documentElement.scrollWidth - 360",
        ),
    ] {
        assert_eq!(browser.run(found), 0, "{what}");
    }
    // A word of a hostile title still finds it.
    browser.type_into("#find", "onerror");
    assert!(!browser.run(PLACES).as_array().unwrap().is_empty());
    assert_silent(&browser);
}
