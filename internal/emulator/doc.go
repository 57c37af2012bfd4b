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
//   - resources creates resources with the services; registry.go lists the types.
//   - apigateway, dynamodb, eventbridge, eventsource, lambda, s3 and sqs are the services.
//   - iam authorizes calls; protocol reads and answers requests; store keeps state across runs.
//   - faults injects failures; activity records what happens to events.
//
// # Adding a service
//
//  1. Write a package with a Service that has ServeHTTP and Operations (a protocol.JSONHandler
//     provides both) and a constant TargetPrefix, the prefix of its X-Amz-Target header.
//  2. Register it: create it in newServices and add a line to the list there (services.go). Add a
//     line per CloudFormation type to resources/registry.go. It names a function in
//     resources/<service>.go, which reaches the service by a field of resources.Services.
//  3. If it meets another service, connect the two in wiring_<service>_<other>.go, as
//     wiring_sqs_lambda.go does.
//
// Faults and permissions work without more: a function needs the permission <service>:<operation>
// on all resources. iam/permission_<service>.go makes that more precise.
package emulator
