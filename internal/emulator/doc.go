// Package emulator runs the event pipelines of a CDK app on this machine. It synthesizes the app
// and, like CloudFormation, creates the resources in the templates. A deployment uses the same
// templates. The package serves AWS's APIs and the app's HTTP APIs on loopback.
//
// [New] starts a [Platform]. Platform.Run waits until its context ends or the platform fails.
// Reload replaces functions whose code changed. Close stops the platform.
//
// # Packages
//
//   - cdkapp runs the app and reads its cloud assembly.
//   - cdkapp/watch reports changed sources.
//   - cloudformation reads templates and creates their resources in the right order.
//   - resources creates resources with the services. registry.go lists the resource types.
//   - apigateway, dynamodb, eventbridge, eventsource, lambda, logs, s3, secretsmanager and sqs
//     emulate the services.
//   - iam authorizes calls.
//   - protocol reads and answers requests.
//   - store keeps state across runs.
//   - faults injects failures.
//   - activity records the processing steps of each event.
//
// # Adding a service
//
// CONTRIBUTING.md lists the steps. A service has:
//
//   - its own package
//   - lines in resources/registry.go
//   - a line in the list of services.go
//
// If one service calls another, a file wiring_<service>_<other>.go connects them.
//
// The router, the authorizer and the package faults need no additional code. They use the list in
// services.go and the description in each service's info.go.
package emulator
