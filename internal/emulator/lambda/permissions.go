package lambda

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// permissions implements Info.Permissions.
func permissions(
	scope protocol.Scope, operation string, r *http.Request,
) ([]protocol.Permission, error) {
	function := ""
	if path, ok := strings.CutPrefix(r.URL.Path, apiPath+"functions/"); ok {
		function, _, _ = strings.Cut(path, "/")
	}
	function, err := url.PathUnescape(function)
	if err != nil {
		return nil, err
	}
	if operation == "Invoke" {
		operation = "InvokeFunction"
	}
	switch {
	case function == "":
		function = "*"
	case !strings.HasPrefix(function, "arn:"):
		function = scope.ARN(protocol.Lambda, "function:"+function)
	}
	if qualifier := r.URL.Query().Get("Qualifier"); qualifier != "" {
		function += ":" + qualifier
	}
	return []protocol.Permission{{
		Action: protocol.Lambda + ":" + operation, Resource: function,
	}}, nil
}
