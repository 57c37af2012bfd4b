package emulator

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cloudformation"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam"
)

// PolicyError says that a template's policies can't be enforced here, or do not allow what AWS asks for.
type PolicyError struct{ Err error }

func (e *PolicyError) Error() string { return e.Err.Error() }

func (e *PolicyError) Unwrap() error { return e.Err }

// stated gathers what templates say of who may do what. Roles' policies are read when all is made: only then is it known
// which roles functions run in, and those alone have to be understood.
type stated struct {
	roles     map[string]statedRole     // by name
	policies  []statedPolicy            // of AWS::IAM::Policy and the like
	resources map[string][]iam.Document // by the resource's ARN
	functions []*statedFunction         // those that run
	keys      map[string]string         // ARN of the KMS key, by that of what it encrypts
	uses      []statedUse
}

// statedPolicy is a resource of a template that is not resolved yet.
type statedPolicy struct {
	resource cloudformation.Resource
	resolver *cloudformation.Resolver
}

type statedRole struct {
	statedPolicy
	arn string
}

func newStated() *stated {
	return &stated{roles: map[string]statedRole{}, resources: map[string][]iam.Document{}, keys: map[string]string{}}
}

// has notes a resource whose policy says which services may act on it, if it has one.
func (s *stated) has(arn string) { s.resources[arn] = append(s.resources[arn], iam.Document{}) }

// role makes a role: who runs in it may do what its policies say.
func (p *provisioner) role(r cloudformation.Resource) (cloudformation.Made, error) {
	var in struct{ RoleName, Path, PermissionsBoundary string }
	if err := p.properties(r, &in); err != nil {
		return cloudformation.Made{}, err
	}
	if in.Path == "" {
		in.Path = "/"
	}
	name := p.name(in.RoleName, r, 64)
	arn := "arn:aws:iam::" + p.account + ":role" + in.Path + name
	if in.PermissionsBoundary != "" {
		p.leaveOut("permissions boundary of role "+name, 1)
	}
	p.stated.roles[name] = statedRole{statedPolicy{r, p.resolver}, arn}
	return cloudformation.Made{Ref: name, Attributes: map[string]string{"Arn": arn, "RoleId": "AROA" + uniqueSuffix(p.current.Name, r.LogicalID)}}, nil
}

// rolePolicy makes policies of roles of any kind.
func (p *provisioner) rolePolicy(r cloudformation.Resource) (cloudformation.Made, error) {
	p.stated.policies = append(p.stated.policies, statedPolicy{r, p.resolver})
	name := physicalName(p.current.Name, r.LogicalID, 128)
	if r.Type != "AWS::IAM::ManagedPolicy" {
		return cloudformation.Made{Ref: name}, nil
	}
	arn := "arn:aws:iam::" + p.account + ":policy/" + name
	return cloudformation.Made{Ref: arn, Attributes: map[string]string{"PolicyArn": arn}}, nil
}

func (p *provisioner) bucketPolicy(r cloudformation.Resource) (cloudformation.Made, error) {
	var in struct {
		Bucket         string
		PolicyDocument document
	}
	if err := p.properties(r, &in); err != nil {
		return cloudformation.Made{}, err
	}
	return cloudformation.Made{Ref: in.Bucket}, p.resourcePolicy(r, in.PolicyDocument, "arn:aws:s3:::"+in.Bucket)
}

func (p *provisioner) queuePolicy(r cloudformation.Resource) (cloudformation.Made, error) {
	var in struct {
		Queues         []string
		PolicyDocument document
	}
	if err := p.properties(r, &in); err != nil {
		return cloudformation.Made{}, err
	}
	for _, url := range in.Queues {
		if err := p.resourcePolicy(r, in.PolicyDocument, p.arn("sqs", lastPart(url))); err != nil {
			return cloudformation.Made{}, err
		}
	}
	return cloudformation.Made{Ref: uniqueSuffix(p.current.Name, r.LogicalID)}, nil
}

// permission makes a statement of a function's policy.
func (p *provisioner) permission(r cloudformation.Resource) (cloudformation.Made, error) {
	var in struct{ Action, FunctionName, Principal, SourceArn, SourceAccount string }
	if err := p.properties(r, &in); err != nil {
		return cloudformation.Made{}, err
	}
	function := p.functionARN(functionName(in.FunctionName))
	conditions := map[string]map[string]string{}
	if in.SourceArn != "" {
		conditions["ArnLike"] = map[string]string{"aws:SourceArn": in.SourceArn}
	}
	if in.SourceAccount != "" {
		conditions["StringEquals"] = map[string]string{"aws:SourceAccount": in.SourceAccount}
	}
	kind := "Service"
	if !isService(in.Principal) {
		kind = "AWS"
	}
	text, err := json.Marshal(map[string]any{"Statement": map[string]any{
		"Effect": "Allow", "Principal": map[string]string{kind: in.Principal}, "Action": in.Action, "Resource": function, "Condition": conditions,
	}})
	if err != nil {
		return cloudformation.Made{}, failed(r, err)
	}
	return cloudformation.Made{Ref: uniqueSuffix(p.current.Name, r.LogicalID)}, p.resourcePolicy(r, text, function)
}

// resourcePolicy reads a resource's policy, unless policies are not asked for.
func (p *provisioner) resourcePolicy(r cloudformation.Resource, text document, arn string) error {
	if p.options.NoPolicies {
		return nil
	}
	read, err := iam.ParseResourcePolicy(text)
	if err != nil {
		return &PolicyError{failed(r, err)}
	}
	p.stated.resources[arn] = append(p.stated.resources[arn], read)
	return nil
}

// of lists the documents of a role: its own, those attached to it, and managed ones.
func (s *stated) of(name string, role statedRole) ([]iam.Document, error) {
	var in struct {
		Policies          []struct{ PolicyDocument document }
		ManagedPolicyArns []string
	}
	if err := role.resolve(&in); err != nil {
		return nil, err
	}
	var texts []document
	for _, inline := range in.Policies {
		texts = append(texts, inline.PolicyDocument)
	}
	for _, p := range s.policies {
		attached, arn, err := p.attachedTo(name)
		if err != nil {
			return nil, err
		}
		if i := slices.Index(in.ManagedPolicyArns, arn); i >= 0 {
			attached, in.ManagedPolicyArns = true, slices.Delete(in.ManagedPolicyArns, i, i+1)
		}
		if !attached {
			continue
		}
		var document struct{ PolicyDocument document }
		if err := p.resolve(&document); err != nil {
			return nil, err
		}
		texts = append(texts, document.PolicyDocument)
	}
	var documents []iam.Document
	for _, text := range texts {
		read, err := iam.ParseIdentityPolicy(text)
		if err != nil {
			return nil, fmt.Errorf("the policies of role %s: %w", name, err)
		}
		documents = append(documents, read)
	}
	for _, arn := range in.ManagedPolicyArns {
		read, err := iam.ManagedPolicy(arn)
		if err != nil {
			return nil, fmt.Errorf("the policies of role %s: %w", name, err)
		}
		documents = append(documents, read)
	}
	return documents, nil
}

// attachedTo tells whether the policy names the role, and its ARN, by which the role may name it.
func (p statedPolicy) attachedTo(role string) (attached bool, arn string, err error) {
	var in struct {
		Roles    []string
		RoleName string
	}
	if err := p.resolve(&in); err != nil {
		return false, "", err
	}
	return in.RoleName == role || slices.Contains(in.Roles, role), p.resolver.Made[p.resource.LogicalID].Ref, nil
}

// resolve fills a struct with the properties that its fields are named for.
func (p statedPolicy) resolve(into any) error {
	resolved, err := p.resolver.Properties(p.resource, fieldNames(into)...)
	if err != nil {
		return err
	}
	if err := decode(resolved, into); err != nil {
		return failed(p.resource, err)
	}
	return nil
}
