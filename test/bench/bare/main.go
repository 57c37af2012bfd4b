// Command bare is a Lambda function that does nothing. The command bench compares its start time
// with the start times of other functions.
package main

import "github.com/aws/aws-lambda-go/lambda"

func main() { lambda.Start(func() {}) }
