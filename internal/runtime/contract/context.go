package contract

// CDK context keys.
const (
	// PlatformContext makes the construct build functions for the local machine. The value has the
	// form "<GOOS>/<GOARCH>", such as "darwin/arm64". The key changes nothing else in the template.
	PlatformContext = "eventpipeline:platform"

	// AuthorizeContext makes the CDK app configure the same authorization as for the deployed
	// stages. The command `eventpipeline local --authorize` sets this key to true. The app must
	// read the key, as stacks/stacks.go does.
	AuthorizeContext = "eventpipeline:authorize"
)
