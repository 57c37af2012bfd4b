package contract

// CDK context keys.
const (
	// PlatformContext makes the construct build functions that run on the local machine. The value
	// has the form "<GOOS>/<GOARCH>", such as "darwin/arm64". Nothing else in the template depends
	// on this key.
	PlatformContext = "eventpipeline:platform"

	// AuthorizeContext asks the app for the authorization of the deployed stages. The flag
	// --authorize of `eventpipeline local` sets it to true. To support that flag, an app must read
	// this key, as stacks/stacks.go does.
	AuthorizeContext = "eventpipeline:authorize"
)
