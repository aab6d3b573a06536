// Fetches a page: fetch HOST
package main

import (
	"io"
	"net"
	"os"
)

func main() {
	connection, err := net.Dial("tcp", os.Args[1]+":80")
	if err != nil {
		println(err.Error())
		os.Exit(1)
	}
	io.WriteString(connection, "GET / HTTP/1.0\r\n\r\n")
	io.Copy(os.Stdout, connection)
}
