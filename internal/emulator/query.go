package emulator

import (
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"
)

// queryAPI serves AWS's oldest protocol, forms that are answered in XML: of CloudFormation what finds a stack's outputs
// and resources, of STS what tells who is calling.
type queryAPI struct {
	account string
	stacks  []Stack
}

// maxForm bounds a request; CloudFormation's largest holds a template of 51,200 bytes.
const maxForm = 1 << 20

func (q queryAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		writeQueryError(w, "InvalidRequest", fmt.Sprintf("read the form: %v", err))
		return
	}
	switch action := r.PostForm.Get("Action"); action {
	case "DescribeStacks":
		q.describeStacks(w, r.PostForm.Get("StackName"))
	case "ListStackResources":
		q.listStackResources(w, r.PostForm.Get("StackName"))
	case "DescribeStackResource":
		q.describeStackResource(w, r.PostForm.Get("StackName"), r.PostForm.Get("LogicalResourceId"))
	case "GetCallerIdentity":
		writeXML(w, http.StatusOK, callerIdentityResponse{
			ARN: "arn:aws:iam::" + q.account + ":root", UserID: q.account, Account: q.account, RequestID: uuid.NewString(),
		})
	default:
		writeQueryError(w, "InvalidAction", fmt.Sprintf("the local platform does not serve %s", action))
	}
}

type describeStacksResponse struct {
	XMLName   xml.Name           `xml:"http://cloudformation.amazonaws.com/doc/2010-05-15/ DescribeStacksResponse"`
	Stacks    []stackDescription `xml:"DescribeStacksResult>Stacks>member"`
	RequestID string             `xml:"ResponseMetadata>RequestId"`
}

type stackDescription struct {
	StackName    string
	StackID      string `xml:"StackId"`
	ParentID     string `xml:"ParentId,omitempty"`
	StackStatus  string
	CreationTime string
	Outputs      []stackOutput `xml:"Outputs>member"`
}

type stackOutput struct{ OutputKey, OutputValue string }

type listStackResourcesResponse struct {
	XMLName   xml.Name          `xml:"http://cloudformation.amazonaws.com/doc/2010-05-15/ ListStackResourcesResponse"`
	Resources []resourceSummary `xml:"ListStackResourcesResult>StackResourceSummaries>member"`
	RequestID string            `xml:"ResponseMetadata>RequestId"`
}

type resourceSummary struct {
	LogicalID  string `xml:"LogicalResourceId"`
	PhysicalID string `xml:"PhysicalResourceId"`
	Type       string `xml:"ResourceType"`
	Status     string `xml:"ResourceStatus"`
	Updated    string `xml:"LastUpdatedTimestamp"`
}

type describeStackResourceResponse struct {
	XMLName   xml.Name       `xml:"http://cloudformation.amazonaws.com/doc/2010-05-15/ DescribeStackResourceResponse"`
	Resource  resourceDetail `xml:"DescribeStackResourceResult>StackResourceDetail"`
	RequestID string         `xml:"ResponseMetadata>RequestId"`
}

type resourceDetail struct {
	StackName string
	StackID   string `xml:"StackId"`
	resourceSummary
	Metadata string `xml:",omitempty"`
}

type callerIdentityResponse struct {
	XMLName   xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ GetCallerIdentityResponse"`
	ARN       string   `xml:"GetCallerIdentityResult>Arn"`
	UserID    string   `xml:"GetCallerIdentityResult>UserId"`
	Account   string   `xml:"GetCallerIdentityResult>Account"`
	RequestID string   `xml:"ResponseMetadata>RequestId"`
}

type queryError struct {
	XMLName   xml.Name `xml:"ErrorResponse"`
	Type      string   `xml:"Error>Type"`
	Code      string   `xml:"Error>Code"`
	Message   string   `xml:"Error>Message"`
	RequestID string   `xml:"RequestId"`
}

// describeStacks describes the stack of that name or ARN, or all of them when none is named.
func (q queryAPI) describeStacks(w http.ResponseWriter, nameOrID string) {
	answer := describeStacksResponse{RequestID: uuid.NewString()}
	for _, s := range q.stacks {
		if nameOrID == "" || nameOrID == s.Name || nameOrID == s.ID {
			answer.Stacks = append(answer.Stacks, s.description())
		}
	}
	if len(answer.Stacks) == 0 && nameOrID != "" {
		writeQueryError(w, "ValidationError", fmt.Sprintf("Stack with id %s does not exist", nameOrID))
		return
	}
	writeXML(w, http.StatusOK, answer)
}

// listStackResources lists the resources of a stack, all on one page.
func (q queryAPI) listStackResources(w http.ResponseWriter, nameOrID string) {
	for _, s := range q.stacks {
		if nameOrID != s.Name && nameOrID != s.ID {
			continue
		}
		answer := listStackResourcesResponse{RequestID: uuid.NewString()}
		for _, r := range s.Resources {
			answer.Resources = append(answer.Resources, summary(s, r))
		}
		writeXML(w, http.StatusOK, answer)
		return
	}
	writeQueryError(w, "ValidationError", fmt.Sprintf("Stack with id %s does not exist", nameOrID))
}

func (q queryAPI) describeStackResource(w http.ResponseWriter, nameOrID, logicalID string) {
	for _, s := range q.stacks {
		if nameOrID != s.Name && nameOrID != s.ID {
			continue
		}
		for _, r := range s.Resources {
			if r.LogicalID == logicalID {
				writeXML(w, http.StatusOK, describeStackResourceResponse{
					Resource:  resourceDetail{s.Name, s.ID, summary(s, r), r.Metadata},
					RequestID: uuid.NewString(),
				})
				return
			}
		}
		writeQueryError(w, "ValidationError", fmt.Sprintf("Resource %s does not exist for stack %s", logicalID, s.Name))
		return
	}
	writeQueryError(w, "ValidationError", fmt.Sprintf("Stack '%s' does not exist", nameOrID))
}

func summary(s Stack, r StackResource) resourceSummary {
	return resourceSummary{
		r.LogicalID, r.PhysicalID, r.Type, "CREATE_COMPLETE", s.Created.UTC().Format(time.RFC3339),
	}
}

func (s Stack) description() stackDescription {
	d := stackDescription{
		StackName: s.Name, StackID: s.ID, ParentID: s.ParentID, StackStatus: "CREATE_COMPLETE", CreationTime: s.Created.UTC().Format(time.RFC3339),
	}
	for _, key := range slices.Sorted(maps.Keys(s.Outputs)) {
		d.Outputs = append(d.Outputs, stackOutput{key, s.Outputs[key]})
	}
	return d
}

func writeQueryError(w http.ResponseWriter, code, message string) {
	writeXML(w, http.StatusBadRequest, queryError{Type: "Sender", Code: code, Message: message, RequestID: uuid.NewString()})
}

func writeXML(w http.ResponseWriter, status int, answer any) {
	body, err := xml.Marshal(answer)
	if err != nil {
		status, body = http.StatusInternalServerError, nil
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that went away needs no answer
}
