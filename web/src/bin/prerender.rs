//! Prints the landing page as text, for the built site to hold.

fn main() {
    println!("{}", ackscope_web::landing());
}
