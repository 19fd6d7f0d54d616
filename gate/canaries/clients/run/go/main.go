// The document says that it is a number.
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
	fmt.Fprintln(os.Stderr, item.JSON200.Id)
	fmt.Println("ok planted")
}
