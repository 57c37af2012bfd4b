// Command bare is a Lambda function that does nothing. The command bench measures the CPU time that
// this function needs to start, and compares the time with that of other functions.
package main

import "github.com/aws/aws-lambda-go/lambda"

func main() { lambda.Start(func() {}) }
