//! Serves a folder compressed, as a good host would, prints its address, and ends when standard input does. For tools that
//! look at the page from outside. Run by `cargo xtask bench`.

use ackscope_tests::site::Site;

fn main() {
    let folder = std::env::args().nth(1).expect("the folder of the site");
    let site = Site::serve_compressed(folder, "/");
    println!("{}", site.url());
    std::io::stdin().lines().for_each(drop);
}
