package webhook

import "net/url"

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

// typeField returns the pointer /type, because each payload of the Events API has this member.
// The method eventType also reads other members.
func (slack) typeField() (header, pointer string) { return "", "/type" }

// eventType returns the type of the inner event (Events API), else the type of the interaction,
// else the type of the payload. For a slash command, it returns "slash_command".
func (slack) eventType(_ map[string]string, payload Payload) string {
	for _, pointer := range []string{"/event/type", "/payload/type", "/type"} {
		if text := payload.lookup(pointer); text != "" {
			return text
		}
	}
	if payload.lookup("/command") != "" {
		return "slash_command"
	}
	return ""
}

// deliveryID returns the id of an event, or the trigger id of an interaction or slash command.
func (slack) deliveryID(_ map[string]string, payload Payload) string {
	for _, pointer := range []string{"/event_id", "/payload/trigger_id", "/trigger_id"} {
		if text := payload.lookup(pointer); text != "" {
			return text
		}
	}
	return ""
}

// maxSSLCheck is the maximum size, in bytes, of a form that IsSSLCheck reads. The limit is small,
// because the form's signature was not verified.
const maxSSLCheck = 512

// IsSSLCheck reports whether the body is the request with which Slack checks the certificate of a
// slash command's URL. Slack expects the status 200, and documents no signature.
// https://docs.slack.dev/interactivity/implementing-slash-commands
func (s Source) IsSSLCheck(body []byte) bool {
	if s.Scheme != Slack || len(body) > maxSSLCheck {
		return false
	}
	fields, err := url.ParseQuery(string(body))
	return err == nil && fields.Get("ssl_check") == "1"
}

// Challenge returns the challenge in a url_verification of Slack. The API's response must contain
// the challenge. ok is false for all other requests.
func (s Source) Challenge(payload Payload) (challenge string, ok bool) {
	if s.Scheme != Slack || payload.lookup("/type") != "url_verification" {
		return "", false
	}
	return payload.lookup("/challenge"), true
}
