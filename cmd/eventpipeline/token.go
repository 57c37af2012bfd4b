package main

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/timeflag"
)

type tokenFlags struct {
	issuer, subject, keys, expires string
	audience, scopes, claims       []string
	asJSON                         bool
}

func newTokenCommand() *cobra.Command {
	var f tokenFlags
	cmd := &cobra.Command{
		Use:   "token --issuer URL --audience NAME",
		Short: "Make a JSON Web Token for an API of the local platform",
		Long: `Prints a token that the local platform accepts if the API has a JWT authorizer.
--issuer and --audience must be those of the authorizer's props.

The command signs the token with a key in the file --keys. If the file does not
exist, the command creates it with a new key. Start the platform with the same
file: local --jwks FILE. Keep the file private, because it contains the private
key. A deployed API does not accept the token.`,
		Example: `  eventpipeline token --issuer https://idp.example.com --audience events
  eventpipeline local --authorize --jwks eventpipeline.jwks.json
  export EVENTPIPELINE_TOKEN=$(eventpipeline token --issuer URL --audience a)
  eventpipeline token --issuer URL --audience a --claim tenant=shop --expires 1h`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	addRequiredValue(flags, &f.issuer, "issuer", "issuer of the token, the claim iss")
	flags.StringArrayVar(&f.audience, "audience", nil, "audience of the token, the claim aud")
	flags.StringVar(&f.subject, "subject", "local", "subject of the token, the claim sub")
	flags.StringArrayVar(&f.scopes, "scope", nil, "scope of the token")
	flags.StringArrayVar(&f.claims, "claim", nil, "other claim with a text, as NAME=VALUE")
	flags.StringVar(&f.expires, "expires", "24h", "time until the token expires, such as 1h or 7d")
	flags.StringVar(&f.keys, "keys", "eventpipeline.jwks.json",
		"file with the private JSON Web Key Set; created if it does not exist")
	flags.BoolVar(&f.asJSON, "json", false, "print an object with token, keys and expiresAt")
	return cmd
}

func (f *tokenFlags) run(cmd *cobra.Command) error {
	if f.issuer == "" || len(f.audience) == 0 {
		return usageErrorf("set --issuer and --audience to those of the API's JWT authorizer")
	}
	claims, expiresAt, err := f.tokenClaims(time.Now())
	if err != nil {
		return usageError{err}
	}
	key, isNew, err := openKeyFile(f.keys)
	if err != nil {
		return err
	}
	token, err := signToken(key, claims)
	if err != nil {
		return fmt.Errorf("sign the token: %w", err)
	}
	if isNew {
		fmt.Fprintf(cmd.ErrOrStderr(), "Created %s. Start the platform with: %s\n", f.keys,
			suggestCommand("local", "--authorize", "--jwks", f.keys))
	}
	if f.asJSON {
		return printJSON(cmd.OutOrStdout(), struct {
			Token     string    `json:"token"`
			Keys      string    `json:"keys"`
			ExpiresAt time.Time `json:"expiresAt"`
		}{token, f.keys, expiresAt})
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), token)
	return err
}

// tokenClaims returns the claims that the flags describe.
func (f *tokenFlags) tokenClaims(now time.Time) (map[string]any, time.Time, error) {
	age, err := timeflag.ParseAge(f.expires)
	if err != nil || age == 0 {
		return nil, now, fmt.Errorf("--expires must be a duration such as 1h or 7d, got %q",
			f.expires)
	}
	expiresAt := now.Add(age).Truncate(time.Second)
	claims := map[string]any{
		"iss": f.issuer, "sub": f.subject, "aud": f.audience, "jti": uuid.NewString(),
		"iat": now.Unix(), "nbf": now.Unix(), "exp": expiresAt.Unix(),
	}
	if len(f.scopes) > 0 {
		claims["scope"] = strings.Join(f.scopes, " ")
	}
	for _, claim := range f.claims {
		name, value, ok := strings.Cut(claim, "=")
		if !ok || name == "" {
			return nil, now, fmt.Errorf("--claim must be NAME=VALUE, got %q", claim)
		}
		claims[name] = value
	}
	return claims, expiresAt, nil
}

// openKeyFile returns the first private RSA key of the file. If there is no file, it creates one
// with a new key.
func openKeyFile(name string) (key jose.JSONWebKey, isNew bool, err error) {
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		key, err = createKeyFile(name)
		return key, true, err
	}
	if err != nil {
		return key, false, fmt.Errorf("read the keys: %w", err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(data, &set); err != nil {
		return key, false, fmt.Errorf("read the keys in %s: %w", name, err)
	}
	for _, key := range set.Keys {
		if _, isRSA := key.Key.(*rsa.PrivateKey); isRSA {
			return key, false, nil
		}
	}
	return key, false, fmt.Errorf("%s must contain a private RSA key: "+
		"choose another file with --keys", name)
}

func createKeyFile(name string) (jose.JSONWebKey, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return jose.JSONWebKey{}, fmt.Errorf("make a key: %w", err)
	}
	key := jose.JSONWebKey{Key: private, KeyID: uuid.NewString(), Algorithm: "RS256", Use: "sig"}
	data, err := json.MarshalIndent(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key}}, "", "  ")
	if err == nil {
		err = os.WriteFile(name, append(data, '\n'), 0o600)
	}
	if err != nil {
		return key, fmt.Errorf("write the keys: %w", err)
	}
	return key, nil
}

// signToken returns a signed JSON Web Token in the compact form.
func signToken(key jose.JSONWebKey, claims map[string]any) (string, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key},
		(&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}
