module github.com/event-driven-cloud-platform/eventpipeline/test/webhooks/gosdk

go 1.26.0

require (
	github.com/event-driven-cloud-platform/eventpipeline v0.0.0
	github.com/slack-go/slack v0.35.0
	github.com/standard-webhooks/standard-webhooks/libraries v0.0.1
	github.com/stripe/stripe-go/v82 v82.5.1
)

require (
	github.com/go-json-experiment/json v1.27.2 // indirect
	github.com/gorilla/websocket v1.5.3 // indirect
)

replace github.com/event-driven-cloud-platform/eventpipeline => ../../..
