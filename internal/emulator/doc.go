// Package emulator runs the event pipelines of a CDK app on this machine. It synthesizes the app
// and reads the templates as CloudFormation does. It creates each resource with an emulated
// service, and serves AWS's APIs and the app's HTTP APIs on loopback. The emulator and a deployment
// use the same templates, so the resources are described only once.
//
// [New] starts a [Platform]. Platform.Run waits until its context ends or the platform fails.
// Reload replaces functions whose code changed. Close stops the platform.
//
// # Packages
//
//   - cdkapp runs the app and reads its cloud assembly. cdkapp/watch reports changed sources.
//   - cloudformation reads templates and creates their resources in the right order.
//   - resources creates resources with the services. registry.go lists the resource types.
//   - apigateway, dynamodb, eventbridge, eventsource, lambda, s3 and sqs emulate the services.
//   - iam authorizes calls. protocol reads and answers requests. store keeps state across runs.
//   - faults injects failures. activity records the processing steps of each event.
//
// # Adding a service
//
//  1. Write a package with a Service that has ServeHTTP and Operations (a protocol.JSONHandler
//     provides both) and a constant TargetPrefix, the prefix of its X-Amz-Target header.
//  2. In services.go, create the service in newServices and add a line to the list there.
//     In resources/registry.go, add a line for each CloudFormation type. The line names a function
//     in resources/<service>.go. This function uses the service through a field of
//     resources.Services.
//  3. If the service calls another service, or another service calls it, connect the two services
//     in wiring_<service>_<other>.go. See wiring_sqs_lambda.go for an example.
//
// Faults and permissions need no additional code. By default, a call needs the permission
// <service>:<operation> on all resources. Code in iam/permission_<service>.go can derive the exact
// resources from the request.
package emulator
