package resources

import "strings"

type keyProperties struct{ KeyPolicy document }

// createKey creates a key that encrypts nothing on this machine. Who may use it is enforced.
func createKey(c *creation, in keyProperties) (values, error) {
	c.reportNotRun(c.resource.Type, 1)
	id := c.id(12)
	arn := c.keyARN(id)
	return created(id, "Arn", arn, "KeyId", id),
		c.addResourcePolicy(arn, in.KeyPolicy)
}

func (p *Provider) keyARN(idOrARN string) string {
	if strings.HasPrefix(idOrARN, "arn:") {
		return idOrARN
	}
	return p.arn("kms", "key/"+idOrARN)
}

// encrypt records the key of a bucket, queue or table. It ignores a key that is named by an alias,
// as those of AWS are.
func (p *Provider) encrypt(resourceARN, key string) {
	if key != "" && !strings.Contains(key, "alias/") {
		p.iam.keys[resourceARN] = p.keyARN(key)
	}
}

// addKeyUse records that a service uses a key under its own principal. contextKey is the name of
// the resource in the encryption context. A key that no template creates is ignored.
func (c *creation) addKeyUse(service, key, resourceARN, contextKey string) {
	arn := c.keyARN(key)
	if _, ok := c.iam.resources[arn]; !ok {
		return
	}
	c.iam.keyUses = append(c.iam.keyUses, keyUse{
		resource: c.resource, service: service, source: resourceARN, key: arn,
		context: map[string]string{"kms:encryptioncontext:" + contextKey: resourceARN},
	})
}
