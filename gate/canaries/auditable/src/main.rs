//! Wrong on purpose: it is made of a package with a known vulnerability.

fn main() {
    println!("{}", time::now().rfc3339());
}
