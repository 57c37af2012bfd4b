package secretsmanager

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

func (s *Service) operations() protocol.JSONHandler {
	return protocol.JSONHandler{
		"CreateSecret":      protocol.Locked(&s.mu, s.createSecret),
		"DeleteSecret":      protocol.Locked(&s.mu, s.deleteSecret),
		"DescribeSecret":    protocol.Locked(&s.mu, s.describeSecret),
		"GetRandomPassword": protocol.Locked(&s.mu, getRandomPassword),
		"GetSecretValue":    protocol.Locked(&s.mu, s.getSecretValue),
		"ListSecrets":       protocol.Locked(&s.mu, s.listSecrets),
		"PutSecretValue":    protocol.Locked(&s.mu, s.putSecretValue),
		"RestoreSecret":     protocol.Locked(&s.mu, s.restoreSecret),
		"UpdateSecret":      protocol.Locked(&s.mu, s.updateSecret),
	}
}

// namePattern matches the name of a secret.
var namePattern = regexp.MustCompile(`^[A-Za-z0-9/_+=.@-]{1,512}$`)

// maxValue is the maximum size of a secret's value in bytes.
const maxValue = 65536

func errInvalid(format string, args ...any) error {
	return protocol.Errorf("InvalidParameterException", format, args...)
}

// secretName identifies a secret in a response.
type secretName struct {
	ARN  string
	Name string
}

func (s *Service) name(of *secret) secretName { return secretName{s.arn(of.Name), of.Name} }

// newValue holds the parameters of a request that set a value.
type newValue struct {
	ClientRequestToken string
	SecretString       *string
	SecretBinary       []byte
}

func (v newValue) empty() bool { return v.SecretString == nil && v.SecretBinary == nil }

func (v newValue) check() error {
	switch {
	case v.SecretString != nil && v.SecretBinary != nil:
		return errInvalid("You can't specify both a binary secret value and a string secret value.")
	case v.SecretString != nil && len(*v.SecretString) > maxValue, len(v.SecretBinary) > maxValue:
		return errInvalid("The secret value must have at most %d bytes.", maxValue)
	}
	return nil
}

func (v newValue) value() Value { return Value{v.SecretString, v.SecretBinary} }

func (a Value) equal(b Value) bool {
	return (a.String == nil) == (b.String == nil) && (a.String == nil || *a.String == *b.String) &&
		slices.Equal(a.Binary, b.Binary)
}

type createSecretInput struct {
	newValue
	Name, Description string
	KMSKeyID          string `json:"KmsKeyId"`
	Tags              []Tag
}

type createSecretOutput struct {
	secretName
	VersionID string `json:"VersionId,omitempty"`
}

func (s *Service) createSecret(in *createSecretInput) (*createSecretOutput, error) {
	if !namePattern.MatchString(in.Name) {
		return nil, errInvalid("The name must match %s.", namePattern)
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	if existing, ok := s.secrets[in.Name]; ok {
		if !existing.Deleted.IsZero() {
			return nil, protocol.Errorf("InvalidRequestException", "You can't create this secret "+
				"because a secret with this name is already scheduled for deletion.")
		}
		if v, same := existing.version(in.ClientRequestToken, ""); in.ClientRequestToken != "" &&
			same && v.Value.equal(in.value()) { // a retry
			return &createSecretOutput{s.name(existing), v.ID}, nil
		}
		return nil, protocol.Errorf("ResourceExistsException",
			"The operation failed because the secret %s already exists.", in.Name)
	}
	now := s.cfg.Now()
	created := &secret{
		Name: in.Name, Description: in.Description, KMSKey: in.KMSKeyID, Tags: in.Tags,
		Created: now, Changed: now,
	}
	out := &createSecretOutput{secretName: s.name(created)}
	if !in.empty() {
		out.VersionID = cmp.Or(in.ClientRequestToken, uuid.NewString())
		created.put(out.VersionID, in.value(), []string{Current}, now)
	}
	s.secrets[in.Name] = created
	return out, s.save(created)
}

type getSecretValueInput struct {
	SecretID     string `json:"SecretId"`
	VersionID    string `json:"VersionId"`
	VersionStage string
}

type getSecretValueOutput struct {
	secretName
	CreatedDate   float64
	SecretString  *string `json:",omitempty"`
	SecretBinary  []byte  `json:",omitempty"`
	VersionID     string  `json:"VersionId"`
	VersionStages []string
}

func (s *Service) getSecretValue(in *getSecretValueInput) (*getSecretValueOutput, error) {
	found, err := s.findUsable(in.SecretID)
	if err != nil {
		return nil, err
	}
	v, ok := found.version(in.VersionID, in.VersionStage)
	if !ok {
		what := "VersionId: " + in.VersionID
		if in.VersionID == "" {
			what = "staging label: " + cmp.Or(in.VersionStage, Current)
		}
		return nil, protocol.Errorf("ResourceNotFoundException",
			"Secrets Manager can't find the specified secret value for %s", what)
	}
	return &getSecretValueOutput{
		secretName: s.name(found), CreatedDate: epochSeconds(v.Created),
		SecretString: v.Value.String, SecretBinary: v.Value.Binary,
		VersionID: v.ID, VersionStages: v.Stages,
	}, nil
}

func epochSeconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

type putSecretValueInput struct {
	newValue
	SecretID      string `json:"SecretId"`
	VersionStages []string
}

type putSecretValueOutput struct {
	secretName
	VersionID     string `json:"VersionId"`
	VersionStages []string
}

func (s *Service) putSecretValue(in *putSecretValueInput) (*putSecretValueOutput, error) {
	found, err := s.findUsable(in.SecretID)
	if err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	if in.empty() {
		return nil, errInvalid("You must provide either SecretString or SecretBinary.")
	}
	v, err := s.putVersion(found, in.newValue, in.VersionStages)
	if err != nil {
		return nil, err
	}
	return &putSecretValueOutput{s.name(found), v.ID, v.Stages}, nil
}

// putVersion adds a version. A request with the token of an existing version is a retry.
func (s *Service) putVersion(to *secret, in newValue, stages []string) (*version, error) {
	id := cmp.Or(in.ClientRequestToken, uuid.NewString())
	if existing, ok := to.version(id, ""); ok {
		if !existing.Value.equal(in.value()) {
			return nil, protocol.Errorf("ResourceExistsException",
				"The version %s exists with another value.", id)
		}
		return existing, nil
	}
	if len(stages) == 0 {
		stages = []string{Current}
	}
	to.put(id, in.value(), stages, s.cfg.Now())
	v, _ := to.version(id, "")
	return v, s.save(to)
}

type updateSecretInput struct {
	newValue
	SecretID    string `json:"SecretId"`
	Description *string
	KMSKeyID    *string `json:"KmsKeyId"`
}

func (s *Service) updateSecret(in *updateSecretInput) (*createSecretOutput, error) {
	found, err := s.findUsable(in.SecretID)
	if err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	out := &createSecretOutput{secretName: s.name(found)}
	if !in.empty() {
		v, err := s.putVersion(found, in.newValue, nil)
		if err != nil {
			return nil, err
		}
		out.VersionID = v.ID
	}
	if in.Description != nil {
		found.Description = *in.Description
	}
	if in.KMSKeyID != nil {
		found.KMSKey = *in.KMSKeyID
	}
	return out, s.save(found)
}

type secretInput struct {
	SecretID                   string `json:"SecretId"`
	ForceDeleteWithoutRecovery bool
	RecoveryWindowInDays       *int
}

type describedSecret struct {
	secretName
	Description            string              `json:",omitempty"`
	KMSKeyID               string              `json:"KmsKeyId,omitempty"`
	CreatedDate            float64             `json:",omitempty"`
	LastChangedDate        float64             `json:",omitempty"`
	DeletedDate            float64             `json:",omitempty"`
	Tags                   []Tag               `json:",omitempty"`
	VersionIDsToStages     map[string][]string `json:"VersionIdsToStages,omitempty"`
	SecretVersionsToStages map[string][]string `json:",omitempty"`
}

func (s *Service) describe(of *secret) describedSecret {
	d := describedSecret{
		secretName: s.name(of), Description: of.Description, KMSKeyID: of.KMSKey,
		CreatedDate: epochSeconds(of.Created), LastChangedDate: epochSeconds(of.Changed),
		Tags: of.Tags,
	}
	if !of.Deleted.IsZero() {
		d.DeletedDate = epochSeconds(of.Deleted)
	}
	return d
}

func (of *secret) stages() map[string][]string {
	stages := map[string][]string{}
	for _, v := range of.Versions {
		stages[v.ID] = v.Stages
	}
	return stages
}

func (s *Service) describeSecret(in *secretInput) (*describedSecret, error) {
	found, err := s.find(in.SecretID)
	if err != nil {
		return nil, err
	}
	d := s.describe(found)
	d.VersionIDsToStages = found.stages()
	return &d, nil
}

type listSecretsInput struct{}

type listSecretsOutput struct{ SecretList []describedSecret }

// listSecrets returns the secrets in one page. It omits secrets that are marked for deletion, and
// ignores filters.
func (s *Service) listSecrets(*listSecretsInput) (*listSecretsOutput, error) {
	out := &listSecretsOutput{SecretList: []describedSecret{}}
	for _, listed := range s.secrets {
		if listed.Deleted.IsZero() {
			d := s.describe(listed)
			d.SecretVersionsToStages = listed.stages()
			out.SecretList = append(out.SecretList, d)
		}
	}
	slices.SortFunc(out.SecretList, func(a, b describedSecret) int {
		return strings.Compare(a.Name, b.Name)
	})
	return out, nil
}

type deleteSecretOutput struct {
	secretName
	DeletionDate float64
}

// Limits and default of the recovery window, in days. After this time, AWS deletes the secret.
const (
	minRecoveryWindow     = 7
	maxRecoveryWindow     = 30
	defaultRecoveryWindow = 30
)

func (s *Service) deleteSecret(in *secretInput) (*deleteSecretOutput, error) {
	found, err := s.find(in.SecretID)
	if err != nil {
		return nil, err
	}
	days := defaultRecoveryWindow
	if in.RecoveryWindowInDays != nil {
		days = *in.RecoveryWindowInDays
	}
	switch {
	case in.ForceDeleteWithoutRecovery && in.RecoveryWindowInDays != nil:
		return nil, errInvalid("You can't use ForceDeleteWithoutRecovery in conjunction with " +
			"RecoveryWindowInDays.")
	case days < minRecoveryWindow || days > maxRecoveryWindow:
		return nil, errInvalid("The RecoveryWindowInDays value must be between %d and %d days "+
			"(inclusive).", minRecoveryWindow, maxRecoveryWindow)
	case in.ForceDeleteWithoutRecovery:
		delete(s.secrets, found.Name)
		return &deleteSecretOutput{s.name(found),
			epochSeconds(s.cfg.Now())}, s.bucket.Delete(found.Name)
	}
	found.Deleted = s.cfg.Now()
	until := found.Deleted.AddDate(0, 0, days)
	return &deleteSecretOutput{s.name(found), epochSeconds(until)}, s.save(found)
}

func (s *Service) restoreSecret(in *secretInput) (*secretName, error) {
	found, err := s.find(in.SecretID)
	if err != nil {
		return nil, err
	}
	found.Deleted = time.Time{}
	name := s.name(found)
	return &name, s.save(found)
}
