// SPDX-License-Identifier: GPL-2.0-or-later
// Serves one HTTP request by net/http/httptest, and prints the answer.
package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
)

func main() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "served ", r.URL.Path) }))
	defer server.Close()
	response, err := http.Get(server.URL + "/go")
	if err != nil {
		panic(err)
	}
	body, err := io.ReadAll(response.Body)
	fmt.Println(string(body), err)
}
