// The document has no such member.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"client/api"
)

func main() {
	client, err := api.NewClientWithResponses(os.Getenv("BASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	item, err := client.GetItemWithResponse(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintln(os.Stderr, item.JSON200.Name)
	fmt.Println("ok planted")
}
