// Fetches a page: fetch HOST:PORT
use tokio::io::{AsyncReadExt, AsyncWriteExt};

// Without the macros of tokio, whose dependencies need a newer Rust than that of Debian 12.
fn main() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let address = std::env::args().nth(1).expect("HOST:PORT");
        let mut connection = tokio::net::TcpStream::connect(address).await?;
        connection.write_all(b"GET / HTTP/1.0\r\n\r\n").await?;
        let mut page = String::new();
        connection.read_to_string(&mut page).await?;
        print!("{page}");
        Ok(())
    })
}
