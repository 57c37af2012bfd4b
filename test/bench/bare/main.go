// Command bare is a Lambda function that does nothing. The command bench compares the CPU time of
// this function's start with that of other functions.
package main

import "github.com/aws/aws-lambda-go/lambda"

func main() { lambda.Start(func() {}) }
