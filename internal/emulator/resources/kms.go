package resources

import (
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam"
)

type keyProperties struct{ KeyPolicy document }

// createKey creates a key. The key encrypts nothing on this machine, but its policy is enforced.
func createKey(c *creation, in keyProperties) (values, error) {
	c.reportNotRun(c.resource.Type, 1)
	id := c.id(12)
	arn := c.keyARN(id)
	policy := in.KeyPolicy
	if policy == nil {
		policy = c.defaultKeyPolicy()
	}
	return newValues(id, "Arn", arn, "KeyId", id), c.addResourcePolicy(arn, policy)
}

// defaultKeyPolicy returns the policy of a key without the property KeyPolicy. Under this policy,
// the policies of the account's roles decide who may use the key.
func (p *Provider) defaultKeyPolicy() document {
	return document(`{"Statement": {"Effect": "Allow", "Action": "kms:*", "Resource": "*",
		"Principal": {"AWS": "arn:aws:iam::` + p.Account + `:root"}}}`)
}

func (p *Provider) keyARN(idOrARN string) string {
	if strings.HasPrefix(idOrARN, "arn:") {
		return idOrARN
	}
	return p.arn("kms", "key/"+idOrARN)
}

// encrypt records that the key encrypts the resource. It ignores a key that is named by an alias,
// such as an AWS managed key.
func (p *Provider) encrypt(resourceARN, key string) {
	if key != "" && !strings.Contains(key, "alias/") {
		p.iam.keys[resourceARN] = p.keyARN(key)
	}
}

// checkKeyLater makes Enforce check that the service principal may use the key to encrypt the
// resource. It ignores a key that no template creates, because the key's policy is unknown.
//
// contextKey is the name of the resource's ARN in the encryption context.
func (c *creation) checkKeyLater(service, key, resourceARN, contextKey string) {
	arn := c.keyARN(key)
	if _, ok := c.iam.resources[arn]; !ok {
		return
	}
	context := map[string]string{"kms:encryptioncontext:" + contextKey: resourceARN}
	c.iam.keyChecks = append(c.iam.keyChecks, func(a *iam.Authorizer) error {
		for _, action := range []string{"kms:GenerateDataKey", "kms:Decrypt"} {
			if err := a.AuthorizeService(service, resourceARN, action, arn, context); err != nil {
				return c.resource.WrapError(err)
			}
		}
		return nil
	})
}
