package emulator

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cloudformation"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/resources"
)

// queryHandler returns a handler for the query protocol. It serves the operations that AWS's tools
// need: CloudFormation's operations that describe stacks, and STS's GetCallerIdentity.
func queryHandler(account string, stacks []Stack) protocol.QueryHandler {
	handler := cloudformation.API(stacks)
	handler["GetCallerIdentity"] = protocol.QueryOperation{
		Namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
		Result: func(url.Values) (any, error) {
			arn := "arn:aws:iam::" + account + ":root"
			return callerIdentityResult{Arn: arn, UserId: account, Account: account}, nil
		},
	}
	return handler
}

type callerIdentityResult struct {
	XMLName              xml.Name `xml:"GetCallerIdentityResult"`
	Arn, UserId, Account string
}

const apisPath = "/v2/apis/"

// serveGetAPI serves API Gateway's operation GetApi, which returns the endpoint of an HTTP API.
func serveGetAPI(w http.ResponseWriter, r *http.Request, apis []*resources.API) {
	id := strings.TrimPrefix(r.URL.Path, apisPath)
	status := http.StatusNotFound
	answer := map[string]string{"message": "Invalid API identifier specified " + id}
	for _, a := range apis {
		if r.Method == http.MethodGet && a.Settings.ID == id {
			status, answer = http.StatusOK, map[string]string{
				"apiId": id, "apiEndpoint": a.Endpoint, "name": a.Name, "protocolType": "HTTP",
			}
		}
	}
	protocol.WriteJSON(w, status, answer)
}
