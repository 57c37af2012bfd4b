package webhook

// slackSignature signs the version, the timestamp and the body.
// https://docs.slack.dev/authentication/verifying-requests-from-slack
var slackSignature = HMAC{
	Header:            "x-slack-signature",
	Prefix:            "v0=",
	TimestampHeader:   "x-slack-request-timestamp",
	SignedContent:     "v0:{timestamp}:{body}",
	EventTypePointer:  "/event/type",
	DeliveryIDPointer: "/event_id",
}

type slack struct{ HMAC }

// eventType returns the type of the Events API's inner event, of an interaction, or of the whole
// payload. A slash command has no type.
func (slack) eventType(_ map[string]string, payload []byte) string {
	for _, pointer := range []string{"/event/type", "/payload/type", "/type"} {
		if text := lookup(payload, pointer); text != "" {
			return text
		}
	}
	if lookup(payload, "/command") != "" {
		return "slash_command"
	}
	return ""
}

// deliveryID returns the id of an event, or the trigger of an interaction or slash command.
func (slack) deliveryID(_ map[string]string, payload []byte) string {
	for _, pointer := range []string{"/event_id", "/payload/trigger_id", "/trigger_id"} {
		if text := lookup(payload, pointer); text != "" {
			return text
		}
	}
	return ""
}

// Challenge returns the challenge of Slack's url_verification, to which the API must answer with
// the challenge. ok is false for all other requests.
func (s Source) Challenge(payload []byte) (challenge string, ok bool) {
	if s.Scheme != Slack || lookup(payload, "/type") != "url_verification" {
		return "", false
	}
	return lookup(payload, "/challenge"), true
}
