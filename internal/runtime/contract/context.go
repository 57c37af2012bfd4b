package contract

// CDK context keys.
const (
	// PlatformContext makes the construct build functions for the local machine. The value has the
	// form "<GOOS>/<GOARCH>", such as "darwin/arm64". The key changes nothing else in the template.
	PlatformContext = "eventpipeline:platform"

	// AuthorizeContext makes the app give the local stage the same authorization as a deployed
	// stage, as stacks/stacks.go does. The command `eventpipeline local --authorize` sets it to
	// true.
	AuthorizeContext = "eventpipeline:authorize"
)
