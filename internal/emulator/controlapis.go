package emulator

import (
	"bytes"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"path"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cloudformation"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/resources"
)

// apisInfo and queryInfo describe the services that AWS's tools call to inspect the platform.
var (
	apisInfo = protocol.Info{
		Name:      protocol.APIGateway,
		Operation: func(r *http.Request) string { return r.Method },
	}
	queryInfo = protocol.Info{
		Name: protocol.Query, Permissions: queryPermissions,
		Throttled: protocol.ErrorCode{Status: http.StatusBadRequest, Code: "Throttling"},
		Denied:    protocol.ErrorCode{Status: http.StatusForbidden, Code: "AccessDenied"},
	}
)

// queryHandler returns a handler for the query protocol. It serves the operations that AWS's tools
// need: those that describe CloudFormation stacks, and GetCallerIdentity of STS.
func queryHandler(account string, stacks []Stack) protocol.QueryHandler {
	handler := cloudformation.API(stacks)
	handler["GetCallerIdentity"] = protocol.QueryOperation{
		Namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
		Result: func(url.Values) (any, error) {
			arn := protocol.ARN("iam", "", account, "root")
			return callerIdentityResult{Arn: arn, UserId: account, Account: account}, nil
		},
	}
	return handler
}

type callerIdentityResult struct {
	XMLName              xml.Name `xml:"GetCallerIdentityResult"`
	Arn, UserId, Account string
}

// queryPermissions returns the permissions that a call of the query protocol needs.
func queryPermissions(
	_ protocol.Scope, _ string, r *http.Request,
) ([]protocol.Permission, error) {
	body, err := protocol.ReadBody(r, protocol.MaxJSONBody)
	if err != nil {
		return nil, err
	}
	call := http.Request{
		Method: r.Method, URL: r.URL, Header: r.Header, Body: io.NopCloser(bytes.NewReader(body)),
	}
	if err := call.ParseForm(); err != nil {
		return nil, err
	}
	action := call.Form.Get("Action")
	if action == "GetCallerIdentity" { // needs no permission
		return nil, nil
	}
	return []protocol.Permission{{Action: "cloudformation:" + action, Resource: "*"}}, nil
}

// getAPIHandler returns a handler for API Gateway's operation GetApi. GetApi returns the endpoint
// of an HTTP API.
func getAPIHandler(apis []*resources.API) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id := path.Base(r.URL.Path)
		for _, a := range apis {
			if a.Settings.ID == id {
				protocol.WriteJSON(w, http.StatusOK, map[string]string{
					"apiId": id, "apiEndpoint": a.Endpoint, "name": a.Name, "protocolType": "HTTP",
				})
				return
			}
		}
		protocol.WriteError(w, protocol.APIGateway, http.StatusNotFound, "NotFoundException",
			"Invalid API identifier specified "+id)
	}
}
