use super::*;

fn read(text: &str, label: Option<&str>) -> Result<Labels> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("labels.csv");
    std::fs::write(&path, text).unwrap();
    Labels::read(&path, label)
}

fn take(labels: &mut Labels, id: &str, handle: &str, url: &str) -> Option<f64> {
    labels.take(&id.parse().unwrap(), handle, url).unwrap()
}

#[test]
fn a_product_is_named_by_id_handle_or_url() {
    let ids = "shop,product_id,sold\na.example,1,2\n,shopify:b.example:1,3\n,7,4\n";
    let mut labels = read(ids, None).unwrap();
    assert_eq!(take(&mut labels, "shopify:a.example:1", "", ""), Some(2.0));
    assert_eq!(take(&mut labels, "shopify:b.example:1", "", ""), Some(3.0));
    assert_eq!(take(&mut labels, "shopify:c.example:1", "", ""), None);
    assert_eq!(take(&mut labels, "shopify:c.example:7", "", ""), Some(4.0));
    assert_eq!(labels.n_found(), (3, 3));
    let mut labels = read("\u{feff}Handle;Sold\r\nx;0.5\r\n", None).unwrap();
    assert_eq!(take(&mut labels, "shopify:a.example:1", "x", ""), Some(0.5));
    let mut labels = read(
        "url,sold\nhttps://a.example/products/x/?variant=1,1\n",
        None,
    )
    .unwrap();
    let url = "http://a.example/products/x";
    assert_eq!(take(&mut labels, "shopify:a.example:1", "", url), Some(1.0));
}

#[test]
fn rows_of_one_product_add_up() {
    let mut labels = read("id,sold\n1,2\n2,1\n1,3\n", None).unwrap();
    assert_eq!(take(&mut labels, "shopify:a.example:1", "", ""), Some(5.0));
    assert_eq!(labels.n_found(), (1, 2));
    assert!(
        labels
            .repeated_words()
            .unwrap()
            .starts_with("1 product had several rows")
    );
}

#[test]
fn a_label_of_two_products_is_refused() {
    let mut labels = read("handle,sold\nx,2\n", None).unwrap();
    take(&mut labels, "shopify:a.example:1", "x", "");
    let error = labels
        .take(&"shopify:b.example:1".parse().unwrap(), "x", "")
        .unwrap_err();
    assert!(
        error.to_string().contains("means both shopify:a.example:1"),
        "{error}"
    );
}

#[test]
fn the_label_is_the_only_other_column_of_numbers_or_the_named_one() {
    assert_eq!(
        read("id,title,sold\n1,Lamp,2\n", None).unwrap().label,
        "sold"
    );
    let two = "id,url,orders,sold\n1,2,3,4\n";
    assert_eq!(read(two, Some("SOLD")).unwrap().label, "sold");
    for (text, label, said) in [
        (
            two,
            None,
            "several columns have numbers: name one with --label; its columns are id, url, orders, sold",
        ),
        (two, Some("price"), "there is no label \"price\""),
        (two, Some("url"), "there is no label \"url\""),
        (
            "id,title,sold\n1,,\n2,Lamp,n/a\n",
            None,
            "no column has numbers such as 12 or 0.5, not below 0: \"Lamp\" in line 3, column title",
        ),
        ("id,title\n", None, "it has no rows"),
        (
            "sku,sold\n1,2\n",
            None,
            "no column names the product (product_id, id, handle, url)",
        ),
        ("", None, "it is empty"),
        ("\u{feff}\n \r\n", None, "it is empty"),
    ] {
        let error = read(text, label).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[test]
fn one_row_with_a_number_makes_the_label_whichever_row_it_is() {
    let text = "id,title,sold\n1,Lamp,n/a\n2,Oak,3\n";
    let error = format!("{:#}", read(text, None).unwrap_err());
    assert!(
        error.contains("line 2, column sold: expected a number"),
        "{error}"
    );
    let text = "id,made,sold\n1,,3\n2,1984,4\n";
    let error = read(text, None).unwrap_err().to_string();
    assert!(error.contains("several columns have numbers"), "{error}");
}

#[test]
fn what_looks_like_a_number_and_is_none_is_shown_with_its_line() {
    for bad in ["1,234", "1.234.5", "1 234", "-2", "3 €", "many"] {
        let text = format!("id;title;sold\n1;;\n2;;\"{bad}\"\n");
        let error = format!("{:#}", read(&text, None).unwrap_err());
        let said = format!(
            "no column has numbers such as 12 or 0.5, not below 0: {bad:?} in line 3, column sold"
        );
        assert!(error.contains(&said), "{error}");
    }
    let text = "id;title;sold\n1;Lamp 2;-2\n";
    let error = format!("{:#}", read(text, None).unwrap_err());
    assert!(error.contains("\"-2\" in line 2, column sold"), "{error}");
}

#[test]
fn cells_may_be_parted_by_tabs() {
    let mut labels = read("handle\ttitle\tsold\nx\tA, b\t2\ny\t\t3\n", None).unwrap();
    assert_eq!(take(&mut labels, "shopify:a.example:1", "x", ""), Some(2.0));
    assert_eq!(take(&mut labels, "shopify:a.example:2", "y", ""), Some(3.0));
}

#[test]
fn names_are_shown_short_and_without_control_characters() {
    let text = "id,so\u{1b}[31mld\n1,2\n";
    assert_eq!(read(text, None).unwrap().label, "so\u{fffd}[31mld");
    let text = format!("id,{}\n1,2\n", "sold".repeat(100));
    assert_eq!(read(&text, None).unwrap().label.chars().count(), 60);
    let names: Vec<_> = (0..900)
        .map(|n| format!("{}{n}", "x".repeat(300)))
        .collect();
    let text = format!("{}\n", names.join(","));
    let error = read(&text, None).unwrap_err().to_string();
    assert!(error.ends_with(" and 880 others"), "{error}");
    assert!(error.len() < 2_000, "{error}");
}

#[test]
fn too_many_columns_are_refused_in_any_line() {
    let wide = |n: usize| ",".repeat(n - 3);
    let text = |n| format!("id,sold,{}\n1,2,{}\n", wide(n), wide(n));
    assert!(read(&text(1_000), None).is_ok());
    for (text, line) in [
        (text(1_001), 1),
        (format!("id,sold\n1,2\n2,3{}\n", wide(1_003)), 3),
        // A mark inside a cell quotes nothing; one at its end or a doubled one does not begin another cell.
        (format!("id,sold\na\",2{}", wide(1_003)), 2),
        (format!("id,sold\n\"a\"\"\nb\"{}", wide(1_003)), 3),
    ] {
        let error = format!("{:#}", read(&text, None).unwrap_err());
        let expected = format!("line {line}: more than 1,000 columns");
        assert!(error.contains(&expected), "{error}");
    }
    let quoted = format!("id,title,sold\n1,\"a\"\"{}\",2\n", wide(2_000));
    assert_eq!(read(&quoted, None).unwrap().label, "sold");
}

#[test]
fn numbers_that_add_up_to_too_much_are_refused_with_their_line() {
    for second in [1, 2] {
        let text = format!("id,sold\n1,6e299\n{second},6e299\n");
        let error = format!("{:#}", read(&text, None).unwrap_err());
        let expected = "line 3, column sold: with 6e299 the numbers add up to more than 1e300";
        assert!(error.contains(expected), "{error}");
    }
    let error = read("id,sold\n1,1e308\n", None).unwrap_err();
    assert!(error.to_string().contains("line 2"), "{error}");
}

#[test]
fn what_is_no_number_is_refused_with_its_line() {
    for bad in ["-1", "NaN", "inf", "many", "", "1e999", "1,5"] {
        let error = read(&format!("id,sold\n1,2\n2,\"{bad}\"\n"), None).unwrap_err();
        let error = format!("{error:#}");
        assert!(error.contains("line 3, column sold"), "{error}");
    }
    let error = format!("{:#}", read("id,sold\n,2\n", None).unwrap_err());
    assert!(error.contains("line 2: the column id is empty"), "{error}");
    let error = format!("{:#}", read("id,sold\n1,2\n3\n", None).unwrap_err());
    assert!(
        error.contains("line 3 has 1 cell, and the header has 2"),
        "{error}"
    );
    let error = format!("{:#}", read("id,sold\n1,1,234\n", None).unwrap_err());
    assert!(error.contains("line 2 has 3 cells"), "{error}");
    assert!(error.contains("needs quotation marks"), "{error}");
}
