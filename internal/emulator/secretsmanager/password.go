package secretsmanager

import (
	"crypto/rand"
	"math/big"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// Password configures the generation of a password, with AWS's names and defaults.
type Password struct {
	PasswordLength          *int // default: 32
	ExcludeCharacters       string
	ExcludeLowercase        bool
	ExcludeNumbers          bool
	ExcludePunctuation      bool
	ExcludeUppercase        bool
	IncludeSpace            bool
	RequireEachIncludedType *bool // default: true
}

const (
	defaultPasswordLength = 32
	maxPasswordLength     = 4096
	punctuation           = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
)

// Generate returns a random password.
func (p Password) Generate() (string, error) {
	length := defaultPasswordLength
	if p.PasswordLength != nil {
		length = *p.PasswordLength
	}
	var types []string
	for _, t := range []struct {
		excluded   bool
		characters string
	}{
		{p.ExcludeLowercase, "abcdefghijklmnopqrstuvwxyz"},
		{p.ExcludeUppercase, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
		{p.ExcludeNumbers, "0123456789"}, {p.ExcludePunctuation, punctuation},
		{!p.IncludeSpace, " "},
	} {
		allowed := strings.Map(func(c rune) rune {
			if strings.ContainsRune(p.ExcludeCharacters, c) {
				return -1
			}
			return c
		}, t.characters)
		if !t.excluded && allowed != "" {
			types = append(types, allowed)
		}
	}
	shortest := 1
	if p.requiresEachType() {
		shortest = len(types)
	}
	if len(types) == 0 || length < shortest || length > maxPasswordLength {
		return "", protocol.Errorf("InvalidParameterException",
			"The password must have characters of at least one type and a length from %d to %d.",
			shortest, maxPasswordLength)
	}
	all := strings.Join(types, "")
	for {
		password := make([]byte, length)
		for i := range password {
			password[i] = all[randomInt(len(all))]
		}
		if !p.requiresEachType() || containsEach(string(password), types) {
			return string(password), nil
		}
	}
}

func (p Password) requiresEachType() bool {
	return p.RequireEachIncludedType == nil || *p.RequireEachIncludedType
}

func containsEach(password string, types []string) bool {
	for _, characters := range types {
		if !strings.ContainsAny(password, characters) {
			return false
		}
	}
	return true
}

func randomInt(n int) int64 {
	i, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		panic(err) // the system's random source never fails
	}
	return i.Int64()
}

type randomPassword struct{ RandomPassword string }

func getRandomPassword(in *Password) (*randomPassword, error) {
	password, err := in.Generate()
	if err != nil {
		return nil, err
	}
	return &randomPassword{password}, nil
}
