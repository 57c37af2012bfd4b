package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/event-driven-cloud-platform/eventpipeline/client"
)

// Programs usually take the credentials and the region from config.LoadDefaultConfig of the AWS
// SDK.
func ExampleOptions_credentials() {
	api := serve("Authorization")
	defer api.Close()

	c, err := client.New(api.URL, client.Options{
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		Region:      "eu-west-1",
	})
	if err != nil {
		log.Fatal(err)
	}
	accepted, err := c.Send(context.Background(), []byte(`{"eventType":"order.placed"}`))
	fmt.Println(accepted.EventID, err)
	// Output:
	// Authorization: AWS4-HMAC-SHA256 Credent
	// event-1 <nil>
}

func ExampleOptions_token() {
	api := serve("Authorization")
	defer api.Close()

	c, err := client.New(api.URL, client.Options{
		Token: func(ctx context.Context) (string, error) { return "eyJhbGciOi", nil },
	})
	if err != nil {
		log.Fatal(err)
	}
	accepted, err := c.Send(context.Background(), []byte(`{"eventType":"order.placed"}`))
	fmt.Println(accepted.EventID, err)
	// Output:
	// Authorization: Bearer eyJhbGciOi
	// event-1 <nil>
}
