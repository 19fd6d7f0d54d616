//! Wrong on purpose: it depends on a package with a known vulnerability.

fn main() {
    println!("{}", time::now().rfc3339());
}
