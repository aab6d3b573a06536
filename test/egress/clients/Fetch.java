import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;

/** Fetches a page with a selector: Fetch HOST PORT */
class Fetch {
	public static void main(String[] args) throws Exception {
		try (Selector selector = Selector.open(); SocketChannel channel = SocketChannel.open()) {
			channel.configureBlocking(false);
			channel.connect(new InetSocketAddress(args[0], Integer.parseInt(args[1])));
			channel.register(selector, SelectionKey.OP_CONNECT);
			ByteBuffer answer = ByteBuffer.allocate(4096);
			while (selector.select() > 0) {
				selector.selectedKeys().clear();
				if (channel.isConnectionPending()) {
					channel.finishConnect();
					channel.write(ByteBuffer.wrap("GET / HTTP/1.0\r\n\r\n".getBytes()));
					channel.keyFor(selector).interestOps(SelectionKey.OP_READ);
				} else if (channel.read(answer) < 0) {
					System.out.print(new String(answer.array(), 0, answer.position()));
					return;
				}
			}
		}
	}
}
