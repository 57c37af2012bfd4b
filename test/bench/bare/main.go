// Command bare is a Lambda function that does nothing. The command bench compares the start of
// other functions with it.
package main

import "github.com/aws/aws-lambda-go/lambda"

func main() { lambda.Start(func() {}) }
