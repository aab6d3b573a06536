// SPDX-License-Identifier: GPL-2.0-or-later
// Serves one HTTP request and one datagram, and prints what the clients and servers received.
import com.sun.net.httpserver.HttpServer;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

class Serve {
	public static void main(String[] arguments) throws Exception {
		var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
		server.createContext("/", exchange -> {
			byte[] body = ("served " + exchange.getRequestURI()).getBytes();
			exchange.sendResponseHeaders(200, body.length);
			exchange.getResponseBody().write(body);
			exchange.close();
		});
		server.start();
		var address = URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/java");
		System.out.println(HttpClient.newHttpClient().send(HttpRequest.newBuilder(address).build(), BodyHandlers.ofString()).body());
		server.stop(0);
		try (var receiver = new DatagramSocket(0, InetAddress.getLoopbackAddress()); var sender = new DatagramSocket()) {
			sender.send(new DatagramPacket("udp".getBytes(), 3, receiver.getLocalSocketAddress()));
			var packet = new DatagramPacket(new byte[3], 3);
			receiver.receive(packet);
			System.out.println(new String(packet.getData()));
		}
	}
}
