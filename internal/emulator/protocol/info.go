package protocol

import (
	"cmp"
	"net/http"
	"slices"
)

// Info describes an emulated service to the router, the authorizer and the fault injector. Only
// Name is required.
type Info struct {
	// Name identifies the service in IAM actions and fault rules.
	Name string
	// TargetPrefix is the part of X-Amz-Target in front of the dot. It is "" if the service has no
	// AWS JSON protocol.
	TargetPrefix string
	// Operation returns the operation of a request, such as PutObject. It returns "" for a request
	// that the platform does not serve. It is nil if the service has a TargetPrefix.
	Operation func(r *http.Request) string
	// Permissions returns the permissions that a call needs, by AWS's Service Authorization
	// Reference. It does not change the request's body. If Permissions is nil, each call needs the
	// permission <service>:<operation> for all resources.
	Permissions func(s Scope, operation string, r *http.Request) ([]Permission, error)
	// NotFoundPermission returns a permission. A caller without this permission gets Denied in
	// place of the status 404. NotFoundPermission returns false if there is no such permission.
	// NotFoundPermission is optional.
	NotFoundPermission func(operation string, r *http.Request) (Permission, bool)
	// KeyActions maps an action, such as PutObject, to the KMS actions that it needs if a KMS key
	// encrypts the resource.
	KeyActions map[string][]string
	// Throttled answers a throttled call. The AWS SDK retries calls that fail with this code. The
	// default is a ThrottlingException.
	Throttled ErrorCode
	// Denied answers a call without permission. The default is an AccessDeniedException.
	Denied ErrorCode
	// KeyDenied answers a call without permission for a KMS key. The default is Denied.
	KeyDenied ErrorCode
}

// ErrorCode holds the HTTP status and the code of an error response.
type ErrorCode struct {
	Status int
	Code   string
}

// Services describes the emulated services.
type Services []Info

// Find returns the description of the named service, with defaults. For an unknown name, it returns
// only the defaults.
func (s Services) Find(name string) Info {
	info, _ := s.find(name)
	info.Throttled = cmp.Or(info.Throttled,
		ErrorCode{http.StatusBadRequest, "ThrottlingException"})
	info.Denied = cmp.Or(info.Denied, ErrorCode{http.StatusBadRequest, "AccessDeniedException"})
	info.KeyDenied = cmp.Or(info.KeyDenied, info.Denied)
	return info
}

func (s Services) find(name string) (Info, bool) {
	i := slices.IndexFunc(s, func(i Info) bool { return i.Name == name })
	if i < 0 {
		return Info{}, false
	}
	return s[i], true
}

// findTarget returns the name of the service whose TargetPrefix equals prefix, or "" if there is
// none.
func (s Services) findTarget(prefix string) string {
	i := slices.IndexFunc(s, func(i Info) bool {
		return i.TargetPrefix == prefix && prefix != ""
	})
	if i < 0 {
		return ""
	}
	return s[i].Name
}
