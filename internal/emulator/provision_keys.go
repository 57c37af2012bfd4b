package emulator

import (
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cloudformation"
)

// statedUse is a use of a KMS key by a service in its own name.
type statedUse struct {
	resource cloudformation.Resource
	service  string
	source   string // ARN of what the key encrypts
	key      string // ARN
	context  map[string]string
}

// key makes nothing that encrypts: on this machine all is kept as it is. Who may use the key is enforced.
func (p *provisioner) key(r cloudformation.Resource) (cloudformation.Made, error) {
	var in struct{ KeyPolicy document }
	if err := p.properties(r, &in); err != nil {
		return cloudformation.Made{}, err
	}
	p.leaveOut(r.Type, 1)
	id := strings.ToLower(uniqueSuffix(p.current.Name, r.LogicalID))
	arn := p.keyARN(id)
	return cloudformation.Made{Ref: id, Attributes: map[string]string{"Arn": arn, "KeyId": id}}, p.resourcePolicy(r, in.KeyPolicy, arn)
}

// keyARN is the ARN of a key, which may be given already.
func (p *provisioner) keyARN(idOrARN string) string {
	if strings.HasPrefix(idOrARN, "arn:") {
		return idOrARN
	}
	return p.arn("kms", "key/"+idOrARN)
}

// encrypts notes the key of a bucket, queue or table. It has none here when it is named by an alias, as AWS's own are.
func (p *provisioner) encrypts(key, resourceARN string) {
	if key != "" && !strings.Contains(key, "alias/") {
		p.stated.keys[resourceARN] = p.keyARN(key)
	}
}

// uses notes that a service uses a key in its own name. contextKey is what it calls the resource in the encryption context.
func (p *provisioner) uses(r cloudformation.Resource, service, key, resourceARN, contextKey string) {
	arn := p.keyARN(key)
	if _, ok := p.stated.resources[arn]; !ok {
		return // none, or one that no template makes
	}
	p.stated.uses = append(p.stated.uses, statedUse{
		resource: r, service: service, source: resourceARN, key: arn,
		context: map[string]string{"kms:encryptioncontext:" + contextKey: resourceARN},
	})
}
