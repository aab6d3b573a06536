// Fetches a page: fetch HOST:PORT
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let place = std::env::args().nth(1).expect("HOST:PORT");
    let mut connection = tokio::net::TcpStream::connect(place).await?;
    connection.write_all(b"GET / HTTP/1.0\r\n\r\n").await?;
    let mut page = String::new();
    connection.read_to_string(&mut page).await?;
    print!("{page}");
    Ok(())
}
