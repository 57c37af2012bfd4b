package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// KeyFile is keys that were read from a file, and stand for those of any issuer.
type KeyFile struct{ set keySet }

// keySet is a JSON Web Key Set. Keys of kinds that are not known here are left out.
type keySet struct{ keys []jose.JSONWebKey }

func (s *keySet) UnmarshalJSON(data []byte) error {
	var document struct{ Keys []json.RawMessage }
	if err := json.Unmarshal(data, &document); err != nil {
		return err
	}
	for _, raw := range document.Keys {
		var key jose.JSONWebKey
		if key.UnmarshalJSON(raw) == nil {
			s.keys = append(s.keys, key)
		}
	}
	if len(s.keys) == 0 {
		return errors.New(`it has no keys; a JSON Web Key Set is {"keys": […]}`)
	}
	return nil
}

// find returns the one key of that id: of two, either could be meant.
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

// ReadKeyFile reads a JSON Web Key Set, as issuers publish theirs.
func ReadKeyFile(name string) (KeyFile, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return KeyFile{}, err
	}
	var f KeyFile
	if err := json.Unmarshal(data, &f.set); err != nil {
		return KeyFile{}, fmt.Errorf("read the keys in %s: %w", name, err)
	}
	return f, nil
}

// Key returns the key of that id.
func (f KeyFile) Key(_ context.Context, _, id string) (jose.JSONWebKey, error) { return f.set.find(id) }

// Discovery is keys as issuers publish them: the OpenID configuration below the issuer's URL says where.
type Discovery struct {
	Client *http.Client
	Now    func() time.Time

	mu      sync.Mutex
	issuers map[string]cachedKeys
}

type cachedKeys struct {
	set keySet
	at  time.Time
}

const (
	keptFor     = 2 * time.Hour   // as API Gateway does
	refetchedIn = time.Minute     // after which a key that is not known may be a new one
	fetchTime   = 5 * time.Second // for each request to an issuer
	maxDocument = 1 << 20
)

// Key returns the issuer's key of that id. It asks the issuer when it does not know the key or what it knows is old.
func (p *Discovery) Key(ctx context.Context, issuer, id string) (jose.JSONWebKey, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.Now()
	known, ok := p.issuers[issuer]
	if ok && now.Sub(known.at) < keptFor {
		key, err := known.set.find(id)
		if err == nil || now.Sub(known.at) < refetchedIn {
			return key, err
		}
	}
	set, err := p.fetch(ctx, issuer)
	if err != nil {
		return jose.JSONWebKey{}, err
	}
	if p.issuers == nil {
		p.issuers = map[string]cachedKeys{}
	}
	p.issuers[issuer] = cachedKeys{set, now}
	return set.find(id)
}

func (p *Discovery) fetch(ctx context.Context, issuer string) (keySet, error) {
	var configuration struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
	}
	var set keySet
	if err := p.get(ctx, strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration", &configuration); err != nil {
		return set, fmt.Errorf("look up the configuration of the tokens' issuer: %w", err)
	}
	if configuration.Issuer != issuer {
		return set, fmt.Errorf("the configuration of the tokens' issuer %s is another's", issuer)
	}
	if err := p.get(ctx, configuration.JWKSURI, &set); err != nil {
		return set, fmt.Errorf("look up the keys of the tokens' issuer: %w", err)
	}
	return set, nil
}

func (p *Discovery) get(ctx context.Context, address string, into any) error {
	if target, err := url.Parse(address); err != nil || target.Scheme != "https" {
		return errors.New("its address is no https URL")
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := p.Client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: HTTP %d", address, response.StatusCode)
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxDocument)).Decode(into); err != nil {
		return fmt.Errorf("read %s: %w", address, err)
	}
	return nil
}
