package secretsmanager

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/store"
)

func TestDefine_KeepsTheValueUnlessTheTemplateChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	for _, run := range []struct {
		define Definition
		want   string
		rotate string // value that a user stores at the end of the run
	}{
		{Definition{Name: "generated", Value: new("a")}, "a", "rotated"},
		{Definition{Name: "generated", Value: new("b")}, "rotated", ""},
		{Definition{Name: "text", Value: new("c"), Template: "c"}, "c", "rotated"},
		{Definition{Name: "text", Value: new("c"), Template: "c"}, "rotated", ""},
		{Definition{Name: "text", Value: new("d"), Template: "d"}, "d", ""},
	} {
		db, err := store.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		s, err := New(Config{Region: "us-east-1", Account: "000000000000", DB: db})
		if err != nil {
			t.Fatal(err)
		}
		arn, err := s.Define(run.define)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.getSecretValue(&getSecretValueInput{SecretID: arn})
		if err != nil || *got.SecretString != run.want {
			t.Errorf("%+v: got %+v, %v; want %q", run.define, got, err, run.want)
		}
		if run.rotate != "" {
			in := putSecretValueInput{SecretID: arn}
			in.SecretString = &run.rotate
			if _, err := s.putSecretValue(&in); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPassword_ContainsEachRequestedType(t *testing.T) {
	no := false
	for _, c := range []struct {
		password Password
		allowed  string // "" if the options are invalid
		length   int
	}{
		{Password{}, "", 32},
		{Password{PasswordLength: new(4)}, "", 4},
		{Password{PasswordLength: new(3)}, "invalid", 0},
		{Password{PasswordLength: new(1), RequireEachIncludedType: &no}, "", 1},
		{Password{PasswordLength: new(0), RequireEachIncludedType: &no}, "invalid", 0},
		{Password{PasswordLength: new(-1), RequireEachIncludedType: &no}, "invalid", 0},
		{Password{PasswordLength: new(maxPasswordLength + 1)}, "invalid", 0},
		{Password{ExcludePunctuation: true, ExcludeLowercase: true, ExcludeUppercase: true},
			"0123456789", 32},
		{Password{PasswordLength: new(50), ExcludeCharacters: punctuation + "abc",
			ExcludeUppercase: true, ExcludeNumbers: true, RequireEachIncludedType: &no},
			"defghijklmnopqrstuvwxyz", 50},
		{Password{ExcludePunctuation: true, ExcludeLowercase: true, ExcludeUppercase: true,
			ExcludeNumbers: true}, "invalid", 0},
	} {
		got, err := c.password.Generate()
		if (err != nil) != (c.allowed == "invalid") || len(got) != c.length ||
			c.allowed != "" && strings.Trim(got, c.allowed) != "" {
			t.Errorf("%+v: got %q, %v", c.password, got, err)
		}
	}
	simple, err := Password{PasswordLength: new(4)}.Generate()
	if err != nil || !strings.ContainsAny(simple, punctuation) ||
		!strings.ContainsAny(simple, "0123456789") || strings.ToUpper(simple) == simple {
		t.Errorf("got %q, %v without each type", simple, err)
	}
}

func TestVersions_WithoutAStageDisappear(t *testing.T) {
	var s secret
	for _, id := range []string{"1", "2", "3"} {
		s.put(id, Value{String: &id}, []string{Current}, time.Now())
	}
	s.put("4", Value{Binary: []byte{1}}, []string{"MINE"}, time.Now())
	if _, ok := s.version("1", ""); ok || len(s.Versions) != 3 {
		t.Errorf("got %+v", s.Versions)
	}
	if v, ok := s.version("", "MINE"); !ok || v.ID != "4" {
		t.Errorf("got %+v", v)
	}
	if v, ok := s.version("2", Previous); !ok || v.ID != "2" {
		t.Errorf("got %+v", v)
	}
}

// put stores a new value of a secret.
func put(t *testing.T, s *Service, name, value string) {
	t.Helper()
	in := putSecretValueInput{SecretID: name}
	in.SecretString = &value
	if _, err := s.putSecretValue(&in); err != nil {
		t.Fatal(err)
	}
}

// The handler encodes a response after it has released the lock. So the service must not change a
// list of labels that a response contains.
func TestGetSecretValue_ReturnsLabelsThatDoNotChange(t *testing.T) {
	s, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Define(Definition{Name: "a", Value: new("1")}); err != nil {
		t.Fatal(err)
	}
	put(t, s, "a", "2")
	got, err := s.getSecretValue(&getSecretValueInput{SecretID: "a", VersionStage: Previous})
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, "a", "3")
	if len(got.VersionStages) != 1 || got.VersionStages[0] != Previous {
		t.Errorf("got %q, want %s", got.VersionStages, Previous)
	}
}

func TestUpdateSecret_ChangesAllOrNothing(t *testing.T) {
	s, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Define(Definition{Name: "a", Value: new("1"), Description: "old"}); err != nil {
		t.Fatal(err)
	}
	current, err := s.getSecretValue(&getSecretValueInput{SecretID: "a"})
	if err != nil {
		t.Fatal(err)
	}
	in := updateSecretInput{SecretID: "a", Description: new("new")}
	in.SecretString, in.ClientRequestToken = new("2"), current.VersionID
	if out, err := s.updateSecret(&in); err == nil {
		t.Errorf("got %v, want an error, because the token's version has another value", out)
	}
	described, err := s.describeSecret(&secretInput{SecretID: "a"})
	if err != nil || described.Description != "old" {
		t.Errorf("the description is %q, %v, want old", described.Description, err)
	}
}
