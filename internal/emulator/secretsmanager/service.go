// Package secretsmanager emulates the part of AWS Secrets Manager that creates, reads, changes and
// deletes secrets. It runs no rotation functions.
package secretsmanager

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/store"
)

// Config configures a Service.
type Config struct {
	Region, Account string
	DB              *store.DB        // nil if the secrets are not kept across runs
	Now             func() time.Time // default: time.Now
}

// Service holds the secrets of one account and region.
type Service struct {
	protocol.JSONHandler
	cfg    Config
	bucket *store.Bucket // name → secret

	mu      sync.Mutex
	secrets map[string]*secret
}

// secret represents a secret and its versions. The oldest version is the first.
type secret struct {
	Name, Description string
	KMSKey            string
	Created, Changed  time.Time
	Deleted           time.Time // zero if not deleted
	Tags              []Tag
	Versions          []version
	Template          string `json:",omitempty"` // value in the template that created the secret
}

// Tag labels a secret.
type Tag struct{ Key, Value string }

// version represents a value of a secret. Each version has at least one staging label.
type version struct {
	ID      string
	Value   Value
	Stages  []string
	Created time.Time
}

// Value holds the value of a secret: a text, or bytes if String is nil.
type Value struct {
	String *string
	Binary []byte
}

// Staging labels.
const (
	Current  = "AWSCURRENT"
	Previous = "AWSPREVIOUS"
)

// New returns a service with the secrets stored in the database.
func New(cfg Config) (*Service, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Service{cfg: cfg}
	var err error
	if s.bucket, err = cfg.DB.Bucket("secrets"); err != nil {
		return nil, err
	}
	if s.secrets, err = store.LoadJSON[*secret](s.bucket); err != nil {
		return nil, err
	}
	s.JSONHandler = s.operations()
	return s, nil
}

func (s *Service) arn(name string) string {
	return secretARN(protocol.Scope{Region: s.cfg.Region, Account: s.cfg.Account}, name)
}

// find returns the secret. id is the name or the ARN of the secret.
func (s *Service) find(id string) (*secret, error) {
	arn := s.arn(id)
	for name, found := range s.secrets {
		if s.arn(name) == arn {
			return found, nil
		}
	}
	return nil, protocol.Errorf("ResourceNotFoundException",
		"Secrets Manager can't find the specified secret.")
}

// findUsable works like find, but returns an error if the secret is marked for deletion.
func (s *Service) findUsable(id string) (*secret, error) {
	found, err := s.find(id)
	if err == nil && !found.Deleted.IsZero() {
		return nil, protocol.Errorf("InvalidRequestException", "You can't perform this operation "+
			"on the secret because it was marked for deletion.")
	}
	return found, err
}

func (s *Service) save(changed *secret) error { return s.bucket.PutJSON(changed.Name, changed) }

// version returns the version with an id, a staging label, or both. If id and stage are "", it
// returns the current version.
func (s *secret) version(id, stage string) (*version, bool) {
	if id == "" {
		stage = cmp.Or(stage, Current)
	}
	for i := range s.Versions {
		v := &s.Versions[i]
		if (id == "" || v.ID == id) && (stage == "" || slices.Contains(v.Stages, stage)) {
			return v, true
		}
	}
	return nil, false
}

// put adds a version with the staging labels. If they include Current, the former current version
// gets the label Previous. put deletes versions without labels.
func (s *secret) put(id string, value Value, stages []string, now time.Time) {
	if slices.Contains(stages, Current) {
		s.removeStage(Previous)
		if former, ok := s.version("", Current); ok {
			former.Stages = append(former.Stages, Previous)
		}
	}
	for _, stage := range stages {
		s.removeStage(stage)
	}
	s.Versions = append(s.Versions, version{id, value, stages, now})
	s.Versions = slices.DeleteFunc(s.Versions, func(v version) bool { return len(v.Stages) == 0 })
	s.Changed = now
}

// removeStage removes a staging label from all versions. It makes new lists of labels, because
// responses can still use the old lists.
func (s *secret) removeStage(stage string) {
	for i := range s.Versions {
		v := &s.Versions[i]
		v.Stages = slices.DeleteFunc(slices.Clone(v.Stages),
			func(s string) bool { return s == stage })
	}
}

// Value returns the text of a secret. id is the name or ARN of the secret. If versionID and stage
// are "", Value returns the current text.
func (s *Service) Value(id, versionID, stage string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out, err := s.getSecretValue(&getSecretValueInput{id, versionID, stage})
	if err != nil {
		return "", err
	}
	if out.SecretString == nil {
		return "", fmt.Errorf("the value of the secret %s must be a text, got bytes", id)
	}
	return *out.SecretString, nil
}

// Definition describes a secret that a template contains.
type Definition struct {
	Name, Description, KMSKey string
	Value                     *string // used for a new secret, and if the template changed
	Template                  string  // value in the template; "" for a generated value
	Tags                      []Tag
}

// Define creates or updates a secret from a template and returns the secret's ARN. A new secret has
// no value if d.Value is nil. An existing secret gets d.Value only if d.Template has changed.
func (s *Service) Define(d Definition) (arn string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defined, known := s.secrets[d.Name]
	if !known {
		defined = &secret{Name: d.Name, Created: s.cfg.Now()}
		s.secrets[d.Name] = defined
	}
	if d.Value != nil && (!known || d.Template != defined.Template) {
		defined.put(uuid.NewString(), Value{String: d.Value}, []string{Current}, s.cfg.Now())
	}
	defined.Description, defined.KMSKey, defined.Tags = d.Description, d.KMSKey, d.Tags
	defined.Template, defined.Deleted = d.Template, time.Time{}
	return s.arn(d.Name), s.save(defined)
}
