package conformance

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/uuid"

	localsm "github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/secretsmanager"
	reader "github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/secretsmanager"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/webhook"
)

func startSecretsManager(string) (http.Handler, error) {
	return localsm.New(localsm.Config{
		Region: "us-east-1", Account: "123456789012",
	})
}

// testSecret represents a new secret with the value "first".
type testSecret struct {
	*testing.T
	client *secretsmanager.Client
	reader reader.Reader
	name   string
	arn    string
}

func forEachSecret(t *testing.T, fn func(s testSecret)) {
	t.Helper()
	forEachTarget(t, func(t *testing.T, target target) {
		client, name := secretsmanager.NewFromConfig(target.Config), uniqueName("secret")
		out, err := client.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
			Name: &name, SecretString: aws.String("first"),
		})
		if err != nil {
			t.Fatal(err)
		}
		fn(testSecret{t, client, reader.NewReader(target.Config), name, *out.ARN})
	})
}

func (s testSecret) put(value string) {
	s.Helper()
	_, err := s.client.PutSecretValue(s.Context(), &secretsmanager.PutSecretValueInput{
		SecretId: &s.name, SecretString: &value,
	})
	if err != nil {
		s.Fatal(err)
	}
}

func (s testSecret) wantValues(want ...string) {
	s.Helper()
	for _, id := range []string{s.name, s.arn} {
		got, err := s.reader.Read(s.Context(), id)
		if err != nil || !slices.Equal(got, want) {
			s.Errorf("got %q, %v; want %q", got, err, want)
		}
	}
}

func TestSecrets_HaveACurrentAndAPreviousValue(t *testing.T) {
	forEachSecret(t, func(s testSecret) {
		s.wantValues("first")
		s.put("second")
		s.wantValues("second", "first")
		s.put("third")
		s.wantValues("third", "second")
		described, err := s.client.DescribeSecret(s.Context(),
			&secretsmanager.DescribeSecretInput{SecretId: &s.arn})
		if err != nil || *described.Name != s.name || described.LastChangedDate == nil {
			s.Errorf("got %+v, %v", described, err)
		}
		stages := 0
		for _, labels := range described.VersionIdsToStages {
			stages += len(labels)
		}
		if stages != 2 {
			s.Errorf("got the versions %v", described.VersionIdsToStages)
		}
	})
}

func TestSecrets_ARepeatedPutCreatesOneVersion(t *testing.T) {
	forEachSecret(t, func(s testSecret) {
		token := uuid.NewString()
		for range 2 {
			out, err := s.client.PutSecretValue(s.Context(), &secretsmanager.PutSecretValueInput{
				SecretId: &s.arn, SecretString: aws.String("second"), ClientRequestToken: &token,
			})
			if err != nil || *out.VersionId != token {
				s.Errorf("got %+v, %v", out, err)
			}
		}
		s.wantValues("second", "first")
	})
}

func TestSecrets_MayBeBinary(t *testing.T) {
	forEachSecret(t, func(s testSecret) {
		_, err := s.client.PutSecretValue(s.Context(), &secretsmanager.PutSecretValueInput{
			SecretId: &s.name, SecretBinary: []byte{0xff, 0},
		})
		if err != nil {
			s.Fatal(err)
		}
		s.wantValues("\xff\x00", "first")
	})
}

func TestSecrets_ReportErrors(t *testing.T) {
	forEachSecret(t, func(s testSecret) {
		ctx := s.Context()
		_, err := s.reader.Read(ctx, "missing")
		wantErrorCode(s.T, err, "ResourceNotFoundException")
		_, err = s.client.CreateSecret(ctx, &secretsmanager.CreateSecretInput{
			Name: &s.name, SecretString: aws.String("other"),
		})
		wantErrorCode(s.T, err, "ResourceExistsException")
		_, err = s.client.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: &s.name})
		if err != nil {
			s.Fatal(err)
		}
		_, err = s.reader.Read(ctx, s.name)
		wantErrorCode(s.T, err, "InvalidRequestException")
		_, err = s.client.RestoreSecret(ctx, &secretsmanager.RestoreSecretInput{SecretId: &s.name})
		if err != nil {
			s.Fatal(err)
		}
		s.wantValues("first")
		_, err = s.client.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{
			SecretId: &s.name, ForceDeleteWithoutRecovery: aws.Bool(true),
		})
		if err != nil {
			s.Fatal(err)
		}
		_, err = s.reader.Read(ctx, s.name)
		wantErrorCode(s.T, err, "ResourceNotFoundException")
	})
}

func TestSecrets_RandomPasswordsFollowTheRules(t *testing.T) {
	forEachSecret(t, func(s testSecret) {
		out, err := s.client.GetRandomPassword(s.Context(),
			&secretsmanager.GetRandomPasswordInput{
				PasswordLength: aws.Int64(40), ExcludePunctuation: aws.Bool(true),
				ExcludeCharacters: aws.String("abc"), ExcludeUppercase: aws.Bool(true),
			})
		if err != nil {
			s.Fatal(err)
		}
		const allowed = "defghijklmnopqrstuvwxyz0123456789"
		got := *out.RandomPassword
		if len(got) != 40 || strings.Trim(got, allowed) != "" {
			s.Errorf("got %q", got)
		}
	})
}

func TestSecrets_RecoveryWindowMustBeValid(t *testing.T) {
	forEachSecret(t, func(s testSecret) {
		for _, in := range []secretsmanager.DeleteSecretInput{
			{RecoveryWindowInDays: aws.Int64(0)},
			{RecoveryWindowInDays: aws.Int64(31)},
			{RecoveryWindowInDays: aws.Int64(7), ForceDeleteWithoutRecovery: aws.Bool(true)},
		} {
			in.SecretId = &s.name
			_, err := s.client.DeleteSecret(s.Context(), &in)
			wantErrorCode(s.T, err, "InvalidParameterException")
		}
		s.wantValues("first")
	})
}

func TestSecrets_ReaderRecognizesDeletedSecrets(t *testing.T) {
	forEachSecret(t, func(s testSecret) {
		_, err := s.client.DeleteSecret(s.Context(), &secretsmanager.DeleteSecretInput{
			SecretId: &s.name,
		})
		if err != nil {
			s.Fatal(err)
		}
		for _, id := range []string{s.name, s.arn, s.name + "-unknown"} {
			if got, err := s.reader.Read(s.Context(), id); !errors.Is(err, webhook.ErrDeleted) {
				s.Errorf("%s: got %q, %v", id, got, err)
			}
		}
	})
}
