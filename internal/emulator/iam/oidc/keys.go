package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// KeyFile holds the keys of a file. It implements KeySource with the same keys for every issuer.
type KeyFile struct{ set keySet }

// keySet holds a JSON Web Key Set without the keys of unsupported types.
type keySet struct{ keys []jose.JSONWebKey }

func (s *keySet) UnmarshalJSON(data []byte) error {
	var document struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := protocol.Decode(data, &document); err != nil {
		return err
	}
	for _, raw := range document.Keys {
		var key jose.JSONWebKey
		if key.UnmarshalJSON(raw) == nil {
			if public := key.Public(); public.Key != nil { // a file can hold private keys
				key = public
			}
			s.keys = append(s.keys, key)
		}
	}
	if len(s.keys) == 0 {
		return errors.New(`found no supported keys: want a JSON Web Key Set, {"keys": […]}`)
	}
	return nil
}

// find returns the key with the id. It returns ErrUnknownKey if there is none or more than one.
func (s keySet) find(id string) (jose.JSONWebKey, error) {
	var found []jose.JSONWebKey
	for _, key := range s.keys {
		if key.KeyID == id {
			found = append(found, key)
		}
	}
	if len(found) != 1 {
		return jose.JSONWebKey{}, ErrUnknownKey
	}
	return found[0], nil
}

// ReadKeyFile reads a JSON Web Key Set.
func ReadKeyFile(name string) (KeyFile, error) {
	data, err := protocol.ReadFile(name)
	if err != nil {
		return KeyFile{}, err
	}
	var f KeyFile
	if err := protocol.Decode(data, &f.set); err != nil {
		return KeyFile{}, fmt.Errorf("read keys in %s: %w", name, err)
	}
	return f, nil
}

// Key returns the key with the id.
func (f KeyFile) Key(_ context.Context, _, id string) (jose.JSONWebKey, error) {
	return f.set.find(id)
}

// Discovery implements KeySource. It fetches and caches the keys that issuers publish through
// OpenID Connect Discovery.
type Discovery struct {
	Client *http.Client
	Now    func() time.Time

	mu      sync.Mutex
	issuers map[string]cachedKeys
}

type cachedKeys struct {
	set keySet
	at  time.Time // time of the fetch
}

const (
	cacheTTL        = 2 * time.Hour   // as in API Gateway
	refetchInterval = time.Minute     // minimum time between fetches for unknown key ids
	fetchTimeout    = 5 * time.Second // for one request to an issuer
	maxDocument     = 1 << 20         // size of a response in bytes
)

// Key returns the issuer's key with the id. It caches the keys for cacheTTL. For an unknown id, it
// fetches the keys again, at most once per refetchInterval.
func (d *Discovery) Key(ctx context.Context, issuer, id string) (jose.JSONWebKey, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.Now()
	known, ok := d.issuers[issuer]
	if ok && now.Sub(known.at) < cacheTTL {
		key, err := known.set.find(id)
		if err == nil || now.Sub(known.at) < refetchInterval {
			return key, err
		}
	}
	set, err := d.fetch(ctx, issuer)
	if err != nil {
		return jose.JSONWebKey{}, err
	}
	if d.issuers == nil {
		d.issuers = map[string]cachedKeys{}
	}
	d.issuers[issuer] = cachedKeys{set, now}
	return set.find(id)
}

func (d *Discovery) fetch(ctx context.Context, issuer string) (keySet, error) {
	var configuration struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
	}
	var set keySet
	address := strings.TrimSuffix(issuer, "/") + "/.well-known/openid-configuration"
	if err := d.get(ctx, address, &configuration); err != nil {
		return set, fmt.Errorf("look up the configuration of the tokens' issuer: %w", err)
	}
	if configuration.Issuer != issuer {
		return set, fmt.Errorf("the issuer in %s must be %s, got %q", address, issuer,
			configuration.Issuer)
	}
	if err := d.get(ctx, configuration.JWKSURI, &set); err != nil {
		return set, fmt.Errorf("look up the keys of the tokens' issuer: %w", err)
	}
	return set, nil
}

func (d *Discovery) get(ctx context.Context, address string, into any) error {
	if target, err := url.Parse(address); err != nil || target.Scheme != "https" {
		return fmt.Errorf("the address must be an https URL, got %q", address)
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := d.Client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: HTTP %d", address, response.StatusCode)
	}
	document, err := io.ReadAll(io.LimitReader(response.Body, maxDocument))
	if err == nil {
		err = protocol.Decode(document, into)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", address, err)
	}
	return nil
}
