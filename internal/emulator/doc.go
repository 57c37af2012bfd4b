// Package emulator runs the event pipelines of a CDK app on this machine. It synthesizes the app,
// reads the templates as CloudFormation does, creates each resource with an emulated service, and
// serves AWS's APIs and the app's HTTP APIs on loopback. What runs is what would be deployed: there
// is no second description.
//
// [New] starts a platform, Run waits until it ends, Reload replaces functions whose code changed,
// and Close stops it.
//
// # Packages
//
//   - cdkapp runs the app and reads its cloud assembly; cdkapp/watch reports changed sources.
//   - cloudformation reads templates and creates their resources in order.
//   - resources creates resources with the services, a file per type; registry.go lists the types.
//   - apigateway, dynamodb, eventbridge, eventsource, lambda, s3 and sqs are the services; iam authorizes calls.
//   - protocol reads and answers requests; store keeps state across runs.
//   - faults injects failures; activity records what happens to events.
//
// # Adding a service
//
//  1. Write the service in a package of its own: a TargetPrefix for its X-Amz-Target header, ServeHTTP, and
//     Operations. A protocol.JSONHandler provides the last two.
//  2. Register it: a line in newServices (services.go), and for each of its CloudFormation types a line in
//     resources/registry.go with a function in resources/<service>_<type>.go.
//  3. Where it meets another service, write wiring_<service>_<other>.go here, as wiring_sqs_lambda.go does.
package emulator
